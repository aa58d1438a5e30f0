"""What a language model is asked to write about one Task: the form of its answer, before anything is believed."""

from typing import Annotated

from pydantic import Field

from runstone.model.noun import Noun

LONGEST = 200
"""Characters that a text of the prompt may have; the form allows some more, so that one long text spoils no answer."""
Text = Annotated[str, Field(max_length=400)]


class Draft(Noun):
    """The fields of a TaskDocument that a model may fill, and no other."""

    purpose: Text
    use_when: Annotated[tuple[Text, ...], Field(max_length=6)]
    not_when: Annotated[tuple[Text, ...], Field(max_length=4)]
    symptoms: Annotated[tuple[Text, ...], Field(max_length=8)]
    questions: Annotated[tuple[Text, ...], Field(max_length=8)]
    alerts: Annotated[tuple[Text, ...], Field(max_length=6)]
    next_steps: Annotated[tuple[Text, ...], Field(max_length=5)]


FIELDS = tuple(Draft.model_fields)
"""In the order of the form."""
