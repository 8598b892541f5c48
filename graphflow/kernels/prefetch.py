"""Asking for memory before it is needed: random access waits for memory longer than it computes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils as builders
from numba.extending import intrinsic

cgutils: Any = builders  # without annotations of its own


def _prefetch(context: Any, array: Any, place: Any) -> Any:
    """Ask for the row at a place of an array before it is needed; says nothing about its value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, arguments[0])
        begin = builder.ptrtoint(held.data, ir.IntType(64))
        stride = cgutils.unpack_tuple(builder, held.strides, signature.args[0].ndim)[0]
        place = builder.add(begin, builder.mul(arguments[1], stride))
        pointer = builder.inttoptr(place, ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # to be written, to be kept in every level of the cache, data
        builder.call(function, [pointer, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _says_nothing(array: Any, place: Any) -> None:
    """The same where nothing is compiled (``NUMBA_DISABLE_JIT=1``)."""


prefetch: Any = _says_nothing if getattr(config, "DISABLE_JIT", 0) else intrinsic(_prefetch)
