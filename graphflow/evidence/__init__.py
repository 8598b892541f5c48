"""What others are given: packs that prove themselves, and dossiers of parties."""

from graphflow.evidence.dossier import Dossiers, write_dossiers
from graphflow.evidence.packing import pack
from graphflow.evidence.verifying import Verified, verify

__all__ = ["Dossiers", "Verified", "pack", "verify", "write_dossiers"]
