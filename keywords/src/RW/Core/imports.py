"""What a suite asks for in its setup."""

from typing import Any

from RW import platform
from RW.Core import place
from RW.platform import given


class Imports:
    """Keywords that bring values in. ``type``, ``pattern``, ``enum`` and ``format`` are for tools only."""

    def import_user_variable(
        self,
        varname: str,
        type: Any = "string",  # noqa: A002  the documented argument name
        description: Any = None,
        example: Any = None,
        pattern: Any = None,
        enum: Any = None,
        format: Any = None,  # noqa: A002  the documented argument name
        default: Any = None,
        **kwargs: Any,
    ) -> str:
        """Set ``${varname}`` for the suite to the configured text, or to ``default``; return it."""
        del type, description, pattern, enum, format, kwargs
        value = given.user_variable(varname, default, example)
        place.set_suite_variable(varname, value)
        return value

    def import_secret(
        self,
        varname: str,
        description: Any = None,
        example: Any = None,
        pattern: Any = None,
        optional: bool = False,
        **kwargs: Any,
    ) -> platform.Secret | None:
        """Set ``${varname}`` for the suite to a Secret; None for an ``optional`` one that was not given."""
        del description, pattern, kwargs
        value = given.secret(varname, optional, example)
        place.set_suite_variable(varname, value)
        return value

    def import_optional_secret(self, varname: str, **kwargs: Any) -> platform.Secret | None:
        """``Import Secret`` with ``optional=True``."""
        return self.import_secret(varname, **{**kwargs, "optional": True})

    def import_user_secret(self, varname: str, **kwargs: Any) -> platform.Secret | None:
        """The name older bundles use for ``Import Secret``."""
        return self.import_secret(varname, **kwargs)

    def about_fetchsecrets_plugin(self) -> str:
        """Where secrets come from, in a sentence."""
        return "The runner resolves secrets before a suite starts; beside that, file@path and env@NAME are known."

    def health_check_fetchsecrets_plugin(self) -> bool:
        """Always true: there is no plugin that could be ill, the runner resolves secrets before a suite starts."""
        return True

    def import_service(
        self, varname: str, description: Any = None, example: Any = None, default: Any = None, **kwargs: Any
    ) -> platform.Service:
        """Set ``${varname}`` to a remote shell service."""
        del description, example, default, kwargs
        value = given.service(varname)
        place.set_suite_variable(varname, value)
        return value

    def import_platform_variable(self, varname: str, **kwargs: Any) -> str:
        """Set ``${varname}``, a variable of the platform (``RW_…``)."""
        del kwargs
        value = given.import_platform_variable(varname)
        place.set_suite_variable(varname, value)
        return value

    def import_memo_variable(self, key: str, **kwargs: Any) -> Any:
        """Set ``${key}`` to a memo of the current run request; None when there is none."""
        del kwargs
        value = given.import_memo_variable(key)
        place.set_suite_variable(key, value)
        return value
