"""Why a session gets no grant."""


class Refusal(Exception):
    """What `Policy.open` raises where it returns no grant: one of the two below. Its text is printed."""


class SettingsRefusal(Refusal):
    """The settings are invalid: the build stops with this text, as after a mistyped option.

    Name the field, and say what was expected: "`days`: expected 1 to 30".
    """


class SessionRefusal(Refusal):
    """This session may not use the cache: the build works, every get is a miss, and nothing is stored beyond the session."""
