"""What every noun is: an immutable value that refuses unknown fields and reads itself back from JSON."""

from pydantic import BaseModel, ConfigDict


class Noun(BaseModel):
    """A frozen value. Unknown fields are an error, so a renamed field cannot vanish silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")
