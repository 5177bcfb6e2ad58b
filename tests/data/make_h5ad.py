"""The AnnData files of tests/h5ad.rs, written by hand with h5py 3.16: python3 make_h5ad.py

Count (i, j) of cell i and gene j is (7 i + 3 j) mod 11 where i + 2 j is a multiple of 4, and 0 elsewhere.
"""

import os

import h5py
import numpy as np

CELLS, GENES = 40, 12
HERE = os.path.dirname(os.path.abspath(__file__))
PACKED = {"compression": "gzip", "shuffle": True}


def counts(genes=GENES):
    i, j = np.indices((CELLS, genes))
    return np.where((i + 2 * j) % 4 == 0, (7 * i + 3 * j) % 11, 0)


def compressed(x, backwards=False):
    """data, indices and indptr of the rows of x; of each row perhaps from its end."""
    lines = [np.flatnonzero(row) for row in x]
    lines = [line[::-1] for line in lines] if backwards else lines
    data = np.concatenate([row[line] for row, line in zip(x, lines)])
    return data, np.concatenate(lines), np.cumsum([0] + [len(line) for line in lines])


def write_compressed(parent, name, x, kind, dtype, old=False, backwards=False, **how):
    group = parent.create_group(name)
    group.attrs["h5sparse_format" if old else "encoding-type"] = kind
    group.attrs["h5sparse_shape" if old else "shape"] = np.array(x.shape)
    data, indices, indptr = compressed(x if kind.startswith("csr") else x.T, backwards)
    group.create_dataset("data", data=data.astype(dtype), **how)
    group.create_dataset("indices", data=indices.astype("int32"), **how)
    group.create_dataset("indptr", data=indptr.astype("int32" if old else "int64"))


def write_names(parent, name, names, index="_index"):
    group = parent.create_group(name)
    group.attrs["encoding-type"] = "dataframe"
    group.attrs["_index"] = index
    if isinstance(names[0], bytes):
        group.create_dataset(index, data=np.array(names))
    else:
        group.create_dataset(index, data=names, dtype=h5py.string_dtype())


def open_file(name, libver="earliest"):
    file = h5py.File(os.path.join(HERE, name), "w", libver=libver)
    file.attrs["encoding-type"] = "anndata"
    return file


cells = [f"cell{i}" for i in range(CELLS)]
genes = [f"gene{j}" for j in range(GENES)]

with open_file("dense.h5ad") as file:
    file.create_dataset("X", data=np.log1p(counts()).astype("float32"), chunks=(17, 5), **PACKED)
    write_names(file, "obs", cells)
    write_names(file, "var", genes, index="gene")
    layers = file.create_group("layers")
    layers.create_dataset("whole", data=counts().astype("uint16"))
    write_compressed(layers, "counts", counts(), "csr_matrix", "int64")
    raw = file.create_group("raw")
    write_compressed(raw, "X", counts(GENES + 2), "csc_matrix", "float64")
    write_names(raw, "var", genes + ["more0", "more1"])

with open_file("csr.h5ad", libver="latest") as file:
    write_compressed(file, "X", counts(), "csr_matrix", "float32", chunks=(40,), **PACKED)
    write_names(file, "obs", cells)
    write_names(file, "var", genes)

# As AnnData 0.6 named things, with entries in the wrong order, two genes of one name, names of fixed length.
with open_file("csc.h5ad") as file:
    twice = ["GENE" if j in (3, 5) else name for j, name in enumerate(genes)]
    write_compressed(file, "X", counts(), "csc", "float64", old=True, backwards=True, chunks=(50,), **PACKED)
    write_names(file, "obs", [name.encode() for name in cells])
    write_names(file, "var", [name.encode() for name in twice])

with open_file("old.h5ad") as file:
    file.create_dataset("X", data=counts().astype("float32"), **PACKED)
    file.create_dataset("obs", data=np.array([(name.encode(),) for name in cells], dtype=[("index", "S8")]))
    file.create_dataset("var", data=np.array([(name.encode(),) for name in genes], dtype=[("index", "S8")]))
