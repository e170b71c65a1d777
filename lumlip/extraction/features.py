"""Features of a model on a set of structures: from the cache, or from the model itself."""

import os
from collections.abc import Sequence

import xarray as xr
from ase import Atoms

from lumlip.choices import DEVICES, check_choice, check_flags
from lumlip.datasets.validation import check_structures
from lumlip.extraction.given import Given
from lumlip.extraction.jobs import Job, made, with_elements
from lumlip.extraction.panel import taken
from lumlip.extraction.workers import WorkerPool
from lumlip.runtime.environments import say
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready


def features(
    model: str,
    structures: str | os.PathLike[str] | Sequence[Atoms] | Given,
    *,
    device: str = "auto",
    dtype: str = "float32",
    trust_checkpoint: bool = False,
    batch_atoms: int | None = None,
    layers: bool = False,
    on_error: str = "stop",
    skip_unknown: bool = False,
    skip_faulty: bool = False,
) -> xr.Dataset:
    """Latent features of every atom, and energies, predicted by a model.

    The result comes from the cache if the same checkpoint has seen the same structures before. Else
    the model runs in the environment of its family, which is made at first use; a run that was
    stopped goes on where it was.

    Parameters
    ----------
    model : str
        An id from :func:`lumlip.models` (``"chgnet-0.3.0"``, ``"sevennet-mf-0@PBE"``),
        ``FAMILY:PATH[@TASK]`` for a checkpoint file of your own, or ``features:PATH`` for features
        computed elsewhere, in a file that ``lumlip extract -o`` or another program wrote: options
        of runs are then ignored, layers and energies are there if they were written, and the
        readout is the last layer unless the file says that it is the backbone.
    structures : str, path or sequence of ase.Atoms
        A named set (``"mini-mad"``), a file that ase reads, or structures. More than 10,000 of a
        file lie in a temporary file below ``LUMLIP_HOME``: memory hardly grows with their number.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}
    dtype : {"float32", "float64"}
        Precision of the model's own arithmetic.
    trust_checkpoint : bool
        Load a checkpoint that is not in the table of models, or whose authors publish no sum to
        check it against. Loading one can run any code in it.
    batch_atoms : int, optional
        Bound on the atoms in one forward pass. Without it, on a GPU the number grows while there
        is memory. Where memory is short, batches are halved; what fits is remembered.
    layers : bool
        Also the features after every layer of the network, in order of depth: variables
        ``layer_00_embedding``, ``layer_01_interaction_1`` and so on, each (atom, NAME_channel).
        Equivariant channels enter as invariants: scalars as they are, all others as norms.
    on_error : {"stop", "skip"}
        When the model fails on some structures (NaN, out of memory), which are found by halving
        the batch: an error that names them, or features of the others, numbered anew, and an
        attribute ``failed`` with their numbers and the reasons, as JSON.
    skip_unknown : bool
        Leave out, and count, structures with elements that the model does not know, or that the
        file of features lacks.
    skip_faulty : bool
        Leave out, and name, structures with a fault, such as overlapping atoms.

    Returns
    -------
    xarray.Dataset
        Lazily opened: ``backbone`` (atom, backbone_channel), ``last_layer`` (atom,
        last_layer_channel), ``readout`` (atom, readout_channel): whichever of these two is the
        widest that the energy is linear in, named by the attribute ``readout``; ``energy``
        (structure) in eV, if the model has one (an attribute ``no_energy`` says what it predicts
        instead, and nothing then proves its features); and what else a family knows of a
        structure, such as ``routing`` (structure, routing_channel) of UMA; coordinates
        ``structure`` and ``atomic_number`` (atom), ``frame`` (its number among the structures
        given), ``subset``, ``part`` and ``parent`` (structure); attributes that say what was run.

    Raises
    ------
    ValueError
        Unknown choices; faulty structures, or unknown elements (each with its frame number).
    WeightsError, UntrustedCheckpointError
        The weights are not here and cannot be fetched, or nobody vouches for them.
    ExtractionError
        The model itself failed; the message holds the end of its log.
    """
    check_choice("device", device, DEVICES)
    check_flags(layers=layers, skip_unknown=skip_unknown, skip_faulty=skip_faulty)
    entry, given = resolve(model), Given.of(structures)
    n = len(given.structures)
    if faulty := given.faults(stop=not skip_faulty):
        say("\n  ".join(["lumlip: left out, for a fault:", *faulty.values()]))
    given = given.part([i for i in range(n) if i not in faulty])
    if not skip_unknown and entry.elements is not None:
        known, frames = entry.elements, given.frames
        check_structures(given.structures, elements=known, model=model, frames=frames, seen=True)
    entry = ready(entry, trust_checkpoint=trust_checkpoint)
    with WorkerPool() as pool:
        if skip_unknown:
            entry = with_elements(entry, pool)
            given = given.part(taken(entry, given))
            say(f"{len(given.frames)} of {n} structures have only elements that {model} knows")
        if not given.frames:
            raise ValueError(f"{model} knows the elements of none of the {n} structures")
        job = Job(entry, given, dtype, layers)
        return made(job, pool, device=device, batch_atoms=batch_atoms, on_error=on_error)
