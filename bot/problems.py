"""Name the ends of the process that a person can mend."""


class Problem(Exception):
    """End the process with sentences a person can act on, and no traceback.

    ``code`` is the exit status: 2 for what is configured wrongly, 1 for what is in the way on this machine.
    """

    def __init__(self, *sentences: str, code: int = 1) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.code = code


class Misconfigured(Problem):
    """Report settings, a token or intents that must be changed."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences, code=2)
