"""OpenRLHF's preference format, for its DPO and reward trainers."""

from __future__ import annotations

from personagen.exporters.format import Format
from personagen.exporters.trl import reward

OPENRLHF = Format(
    reward, "pair", "OpenRLHF: --data.apply_chat_template --data.prompt_key prompt; --model.margin_loss_enable"
)
"""The rows of ``trl-reward``: OpenRLHF joins ``prompt`` and ``chosen`` as lists of messages, and reads ``margin``."""
