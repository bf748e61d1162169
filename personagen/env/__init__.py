"""The agents as a live environment for training by interaction: the trainer gives the replies.

The adapters are modules of their own, imported only where they are used: ``personagen.env.trl``,
``personagen.env.verifiers``.
"""

from personagen.env.episode import COMPONENTS, Episode, Info, Step
from personagen.env.live import Environment
from personagen.env.waiting import WaitingEnvironment

__all__ = ["COMPONENTS", "Environment", "Episode", "Info", "Step", "WaitingEnvironment"]
