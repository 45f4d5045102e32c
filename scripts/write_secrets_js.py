"""Writes `templates/lib/secrets.js`, the table of secrets for k6.

python -m scripts.write_secrets_js
"""

from __future__ import annotations

from pathlib import Path

from janbench.model.text.secret import as_javascript

TARGET = Path(__file__).parent.parent / "templates" / "lib" / "secrets.js"

if __name__ == "__main__":
    TARGET.write_text(as_javascript(), encoding="utf-8", newline="\n")
