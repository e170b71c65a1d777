"""Where torch computes."""

from lumlip.choices import DEVICES, check_choice


def available(wanted: str) -> str:
    """Return a device that torch has here; "auto" is a GPU of CUDA if there is one.

    Raises
    ------
    ValueError
        Unknown name, or one that torch does not have here.
    """
    import torch

    check_choice("device", wanted, DEVICES)
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = wanted.partition(":")
    n_mps = int(torch.backends.mps.is_available())
    n_devices = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": n_mps}[kind]
    if int(number or 0) >= n_devices:
        seen = f"torch {torch.__version__} sees {n_devices or 'no'} {kind} here"
        raise ValueError(f"got device {wanted!r}, but {seen}")
    return wanted
