"""The page on which a person draws or gives a picture, and sees what the model makes of it."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path

from serving.rest.exchange import Reply

_FILE = Path(__file__).with_name("page.html")
_MODEL_NAMES = "{{model_names}}"
# The demo that needs no server has them, too.
_SCRIPT = re.compile(r"{{(\w+\.js)}}")


class Page:
    """The page; one file that loads nothing from anywhere."""

    def __init__(self) -> None:
        self._text = _SCRIPT.sub(
            lambda name: _FILE.with_name(name[1]).read_text(encoding="utf-8"),
            _FILE.read_text(encoding="utf-8"),
        )
        # Only this script and this style may run, whatever finds its way into the page.
        sources = {
            tag: re.findall(rf"<{tag}>(.*?)</{tag}>", self._text, re.DOTALL)
            for tag in ("script", "style")
        }
        self._policy = "; ".join(
            [
                "default-src 'none'",
                *(
                    f"{tag}-src {' '.join(_hash(text) for text in texts)}"
                    for tag, texts in sources.items()
                ),
                "connect-src 'self'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            ]
        )

    def render(self, model_names: Sequence[str]) -> Reply:
        """Returns the page, with the names of the models that it offers.

        Without names it asks for the token, and for itself again with the token.
        """
        names = html.escape("\n".join(model_names), quote=True)
        return Reply(
            200,
            self._text.replace(_MODEL_NAMES, names).encode(),
            "text/html; charset=utf-8",
            headers={
                "Content-Security-Policy": self._policy,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
