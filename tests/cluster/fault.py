"""What can go wrong with a runner's pod."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """The faults of one runner; each `after_s` counts from the start of the load.

    `rotated_log_bytes`: a request for a log that has grown beyond it starts after so many bytes
    (whole lines); who has followed from the beginning misses nothing. `sidecar_image_is_wrong`: it
    hasn't the program.
    """

    pending_s: float = 0.0
    unschedulable: bool = False
    image_pull: bool = False
    evict_after_s: float | None = None
    oom_after_s: float | None = None
    delete_after_s: float | None = None
    sidecar_dies_after_s: float | None = None
    sidecar_crashes: bool = False
    sidecar_image_is_wrong: bool = False
    no_sidecar_logs: bool = False
    drop_log_after_bytes: int | None = None
    rotated_log_bytes: int | None = None

    @property
    def sidecar_command(self) -> list[str]:
        """What the sidecar runs instead of its own program; empty for that."""
        if self.sidecar_image_is_wrong:
            return ["no-such-program"]
        crash = "echo 'listen: no permission for port 8080'; exit 1"
        return ["sh", "-c", crash] if self.sidecar_crashes else []
