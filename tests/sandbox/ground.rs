//! The folder that scripts with `files` see, and what lies outside of it: links that lead out, devices, pipes, folders where
//! files are wanted, malformed files of every format. Those of text are in `files/`; what is binary or large is made here, a
//! large one only for the script that names it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Makes both folders for one script.
///
/// # Errors
/// What the system says.
pub fn make(folder: &Path, outside: &Path, script: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    surroundings(outside)?;
    plain(folder)?;
    odd(folder)?;
    links(folder, outside)?;
    special(folder)?;
    copies(folder)?;
    numpy(folder)?;
    damaged(folder)?;
    large(folder, script)
}

/// What no script may read or change.
fn surroundings(outside: &Path) -> io::Result<()> {
    fs::create_dir_all(outside.join("folder"))?;
    fs::write(outside.join("secret.csv"), "secret,number\n1,2\n3,4\n")?;
    fs::write(outside.join("secret.rhai"), "export const SECRET = 42;\n")?;
    fs::write(outside.join("secret.json"), "{\"secret\": 42}\n")?;
    fs::write(outside.join("folder/secret.csv"), "secret,number\n1,2\n3,4\n")?;
    for (name, text) in SINGLE_CELL {
        fs::write(outside.join("folder").join(name), text)?;
    }
    Ok(())
}

/// A data set of three genes and two cells.
const SINGLE_CELL: [(&str, &str); 4] = [
    ("matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n3 2 2\n1 1 5\n3 2 7\n"),
    ("features.tsv", "g1\tA\tGene Expression\ng2\tB\tGene Expression\ng3\tC\tGene Expression\n"),
    ("barcodes.tsv", "AAA\nCCC\n"),
    ("ExpressionData.csv", ",c1,c2\nA,1,2\nB,3,4\nC,5,7\n"),
];

/// What is as it should be.
fn plain(folder: &Path) -> io::Result<()> {
    for name in ["sub", "counts", "folder.csv", "folder.json"] {
        fs::create_dir_all(folder.join(name))?;
    }
    fs::write(folder.join("x.csv"), "a,b,c\n1,2,4\n2,1,3\n4,3,1\n3,5,2\n5,4,6\n7,6,5\n")?;
    fs::write(folder.join("sub/y.csv"), "a,b\n1,2\n3,5\n")?;
    for (name, text) in SINGLE_CELL {
        fs::write(folder.join("counts").join(name), text)?;
    }
    Ok(())
}

/// Data sets of which something is missing, empty, a folder or no text: folder, file, text.
const ODD: &[(&str, &str, &str)] = &[
    ("odd_0", "ExpressionData.csv", ""),
    ("odd_1", "ExpressionData.csv", ",c1\n"),
    ("odd_2", "ExpressionData.csv", ",c1,c2\nA,1,x\n"),
    ("odd_3", "ExpressionData.csv", "c1,c2\nA,1,2\nA,3,4\n"),
    ("odd_4", "refNetwork.csv", "Gene1,Gene2,Type\nA,B,+\n"),
    ("odd_5", "ExpressionData.csv/inside.csv", "a folder of that name\n"),
    ("odd_6", "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n9 9 1\n1 1 1\n"),
    ("odd_6", "features.tsv", "g1\tA\tGene Expression\n"),
    ("odd_6", "barcodes.tsv", "AAA\n"),
    ("odd_7", "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n1000000000000 3 1\n1 1 1\n"),
    ("odd_7", "features.tsv", "g1\tA\tGene Expression\n"),
    ("odd_7", "barcodes.tsv", "AAA\nBBB\nCCC\n"),
    ("odd_8", "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 1\n"),
    ("odd_8", "features.tsv", "\"g1\tA\tGene Expression\ng2\tB\n"),
    ("odd_8", "barcodes.tsv", "AAA\nAAA\n"),
    ("odd_9", "matrix.mtx/matrix.mtx", "a folder of that name\n"),
];

fn odd(folder: &Path) -> io::Result<()> {
    for (place, name, text) in ODD {
        let path = folder.join(place).join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn links(folder: &Path, outside: &Path) -> io::Result<()> {
    let link = |target: &Path, name: &str| symlink(target, folder.join(name));
    link(&outside.join("secret.csv"), "link_out")?;
    link(&outside.join("secret.csv"), "link_out.csv")?;
    link(&outside.join("secret.json"), "link_out.json")?;
    link(&outside.join("secret.rhai"), "link_out.rhai")?;
    link(&outside.join("not_there.csv"), "link_to_nothing.csv")?;
    link(outside, "dir_out")?;
    link(Path::new("loop_link"), "loop_link")?;
    link(Path::new("loop_link.csv"), "loop_link.csv")?;
    link(Path::new("x.csv"), "link_in.csv")?;
    link(Path::new("sub/../sub/../x.csv"), "link_winding.csv")?;
    link(Path::new("../../../../../../../../../../etc/passwd"), "link_up.csv")?;
    link(&std::path::absolute(folder)?.join("x.csv"), "link_absolute.csv")?;
    link(Path::new(".."), "sub/up")?;
    // Fifty links that end at a file: more than any system follows, though each is harmless.
    link(Path::new("x.csv"), "chain_0.csv")?;
    for i in 1..50 {
        link(Path::new(&format!("chain_{}.csv", i - 1)), &format!("chain_{i}.csv"))?;
    }
    // Folders of data sets whose files are elsewhere.
    fs::create_dir_all(folder.join("linked"))?;
    for (name, _) in SINGLE_CELL {
        link(&outside.join("folder").join(name), &format!("linked/{name}"))?;
    }
    Ok(())
}

/// What is no regular file, or cannot be read.
fn special(folder: &Path) -> io::Result<()> {
    for (device, name) in [("null", "null"), ("zero", "zero"), ("random", "random"), ("full", "full")] {
        symlink(Path::new("/dev").join(device), folder.join(name))?;
        symlink(Path::new("/dev").join(device), folder.join(format!("{name}.csv")))?;
    }
    fs::create_dir_all(folder.join("pipes"))?;
    let pipes =
        ["fifo", "pipe.csv", "pipe.json", "pipe.rhai", "pipe.h5ad", "pipes/matrix.mtx", "pipes/ExpressionData.csv"];
    let made = Command::new("mkfifo").args(pipes.map(|name| folder.join(name))).status()?;
    if !made.success() {
        return Err(io::Error::other("mkfifo failed"));
    }
    fs::write(folder.join("unreadable.csv"), "a,b\n1,2\n")?;
    fs::set_permissions(folder.join("unreadable.csv"), fs::Permissions::from_mode(0o0))
}

/// The malformed files of text.
fn copies(folder: &Path) -> io::Result<()> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox/files");
    for entry in fs::read_dir(files)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    fs::copy(folder.join("climbs.rhai"), folder.join("sub/climbs.rhai")).map(|_| ())
}

/// A numpy file of version 1, or of version 2 where the header is too long for that.
fn npy(header: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    match u16::try_from(header.len() + 1) {
        Ok(length) => {
            bytes.extend([1, 0]);
            bytes.extend(length.to_le_bytes());
        }
        Err(_) => {
            bytes.extend([2, 0]);
            bytes.extend((header.len() as u32 + 1).to_le_bytes());
        }
    }
    bytes.extend(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend(body);
    bytes
}

fn described(descr: &str, order: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}")
}

/// numpy files whose headers lie.
fn numpy(folder: &Path) -> io::Result<()> {
    let sixteen: Vec<u8> = [1.0f64, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let floats = |order: &str, shape: &str| npy(&described("'<f8'", order, shape), &sixteen);
    let nested = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let mut far = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'".to_vec();
    far.extend(&sixteen);
    let files = [
        ("huge.npy", floats("False", "(1099511627776, 4)")),
        ("overflow.npy", floats("False", "(9223372036854775808, 2)")),
        ("wraps.npy", floats("False", "(4294967296, 4294967296)")),
        ("endless.npy", floats("False", &format!("({}, 1)", "9".repeat(5000)))),
        ("negative.npy", floats("False", "(-1, -2)")),
        ("fortran.npy", floats("True", "(0, 9223372036854775808)")),
        ("no_columns.npy", npy(&described("'<f8'", "False", "(1000000000000, 0)"), &[])),
        ("no_rows.npy", npy(&described("'<f8'", "True", "(0, 1000000000000)"), &[])),
        ("objects.npy", npy(&described("'|O'", "False", "(2,)"), b"\x80\x04cos\nsystem\n(S'true'\ntR.")),
        ("records.npy", npy(&described("[('a', '<f8'), ('b', '|O')]", "False", "(1,)"), &sixteen)),
        ("brackets.npy", npy(&described(&nested(40), "False", "(2, 1)"), &sixteen)),
        ("deep.npy", npy(&described(&"(".repeat(60_000), "False", "(2, 1)"), &sixteen)),
        ("short.npy", b"\x93NUMPY".to_vec()),
        ("far.npy", far),
        ("dimensions.npy", floats("False", &format!("({})", "1, ".repeat(20_000)))),
    ];
    files.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}

/// A model that comes with sinew.
const MODEL: &str = include_str!("../../src/methods/grnular/shipped.json");

/// A copy with one byte in it changed.
fn bent(bytes: &[u8], place: usize, mask: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = place % bytes.len();
    bytes[place] ^= mask;
    bytes
}

/// Good files of which parts are cut off or changed: `cut_0.json` .. and `bent_0.json` .., the same of `.h5ad`.
fn damaged(folder: &Path) -> io::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    fs::write(folder.join("model.json"), MODEL)?;
    let counts = fs::read(data.join("csr.h5ad"))?;
    fs::write(folder.join("counts.h5ad"), &counts)?;
    for i in 0..20 {
        let cut = |bytes: &[u8]| bytes[..bytes.len() * i / 20].to_vec();
        fs::write(folder.join(format!("cut_{i}.json")), cut(MODEL.as_bytes()))?;
        fs::write(folder.join(format!("cut_{i}.h5ad")), cut(&counts))?;
    }
    for i in 0..60 {
        let mask = [0x01, 0x10, 0x40, 0xff][i % 4];
        fs::write(folder.join(format!("bent_{i}.json")), bent(MODEL.as_bytes(), i * 617 + 11, (mask & 0x1f).max(1)))?;
        fs::write(folder.join(format!("bent_{i}.h5ad")), bent(&counts, i * 149 + 9, mask))?;
    }
    // The sizes of the matrix, and those of its parts, wherever they stand.
    let pair = |rows: u64, cols: u64| [rows.to_le_bytes(), cols.to_le_bytes()].concat();
    fs::write(folder.join("lying.h5ad"), replaced(&counts, &pair(40, 12), &pair(1 << 40, 1 << 20)))?;
    fs::write(folder.join("wrapping.h5ad"), replaced(&counts, &pair(40, 12), &pair(u64::MAX, u64::MAX)))?;
    fs::write(folder.join("entries.h5ad"), replaced(&counts, &110u64.to_le_bytes(), &(1u64 << 61).to_le_bytes()))?;
    let dense = fs::read(data.join("dense.h5ad"))?;
    fs::write(folder.join("cells.h5ad"), replaced(&dense, &pair(40, 12), &pair(1 << 33, 1 << 33)))?;
    fs::write(folder.join("zeros.h5ad"), [b"\x89HDF\r\n\x1a\n".as_slice(), &[0; 5000]].concat())
}

/// The bytes with every `old` in them made a `new` of the same length.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at + old.len() <= bytes.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
        }
        at += 1;
    }
    bytes
}

/// What a large file is made with.
type Fill = fn(&mut dyn Write) -> io::Result<()>;

/// The large files, by name.
const LARGE: &[(&str, Fill)] = &[
    ("one_line.csv", |out| repeat(out, "1,", 15_000_000)),
    ("header.csv", |out| {
        (0..3_000_000).try_for_each(|i| write!(out, "c{i},"))?;
        writeln!(out, "last")?;
        repeat(out, "1,", 3_000_000)?;
        writeln!(out, "1")
    }),
    ("letters.csv", |out| {
        writeln!(out, "a")?;
        repeat(out, "a\n", 12_000_000)
    }),
    ("quotes.csv", |out| {
        write!(out, "a,b\n1,")?;
        repeat(out, "\"", 20_000_001)
    }),
    ("commas.csv", |out| {
        repeat(out, ",", 1_000_000)?;
        writeln!(out)?;
        repeat(out, ",", 1_000_000)
    }),
    ("wide_rows.csv", |out| {
        (0..8).try_for_each(|_| {
            repeat(out, "1,", 2_000_000)?;
            writeln!(out, "1")
        })
    }),
    ("one_cell.csv", |out| {
        writeln!(out, "1,2")?;
        repeat(out, "x", 22_000_000)
    }),
    ("digits.csv", |out| {
        (0..20).try_for_each(|i| {
            repeat(out, "7", 1_000_000)?;
            write!(out, ".")?;
            repeat(out, "3", 100_000)?;
            writeln!(out, "{}", ["", "e-1000000", "e999999999", "e-999999999"][i % 4])
        })
    }),
    ("numbers.csv.gz", |out| packed(out, "", "1 2 3 4 5\n", 16_000_000, "")),
    ("bomb.csv.gz", |out| packed(out, "", "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n", 25_000_000, "")),
    ("bomb.json.gz", |out| packed(out, "[", "[[[],[],[]],[[],[],[]]],", 20_000_000, "0]")),
    ("bomb.graphml.gz", |out| {
        let start = "<graphml><graph edgedefault='directed'>";
        packed(out, start, "<!-- nothing at all, again and again and again -->", 10_000_000, "</graph></graphml>")
    }),
    ("members.csv.gz", members),
    ("twice.csv.gz", |out| {
        let mut inner = Vec::new();
        packed(&mut inner, "", "1,2\n", 1000, "")?;
        out.write_all(&pack(&inner)?)
    }),
    ("deeper.npy", |out| out.write_all(&npy(&described(&"{0:".repeat(3_000_000), "False", "(2, 1)"), &[0; 16]))),
    ("singles.npy", |out| {
        out.write_all(&npy(&described("'<f4'", "False", "(11000000, 1)"), &[]))?;
        repeat(out, "\0\0\0\0", 11_000_000)
    }),
    ("comments.mtx", |out| {
        writeln!(out, "%%MatrixMarket matrix coordinate real general")?;
        repeat(out, "%\n", 15_000_000)?;
        writeln!(out, "1 1 0")
    }),
    ("entries.mtx", |out| {
        writeln!(out, "%%MatrixMarket matrix coordinate real general\n3 3 8000000")?;
        repeat(out, "1 1 1\n", 8_000_000)
    }),
    ("brackets.json", |out| repeat(out, "[", 5_000_000)),
    ("numbers.json", |out| {
        write!(out, "[")?;
        repeat(out, "0,", 6_000_000)?;
        write!(out, "0]")
    }),
    ("maps.json", |out| {
        write!(out, "[")?;
        repeat(out, "{\"\":0},", 800_000)?;
        write!(out, "0]")
    }),
    ("graph_maps.json", |out| {
        write!(out, "{{\"directed\":false,\"nodes\":[],\"edges\":[")?;
        repeat(out, "{\"\":0},", 800_000)?;
        write!(out, "0]}}")
    }),
    ("keys.json", |out| {
        write!(out, "{{")?;
        (0..1_200_000).try_for_each(|i| write!(out, "\"{i}\":0,"))?;
        write!(out, "\"last\":0}}")
    }),
    ("duplicates.json", |out| {
        write!(out, "{{")?;
        repeat(out, "\"type\":\"Matrix\",", 100_000)?;
        write!(out, "\"type\":\"nothing\",\"x\":1}}")
    }),
    ("long_number.json", |out| {
        write!(out, "[")?;
        repeat(out, "9", 5_000_000)?;
        write!(out, "]")
    }),
    ("open.json", |out| {
        write!(out, "[\"")?;
        repeat(out, "\\u0041", 4_000_000)
    }),
    ("column_again.json", |out| {
        write!(out, "{{\"type\":\"Table\",\"texts\":[],\"names\":[")?;
        repeat(out, "\"a\",", 100_000)?;
        write!(out, "\"a\"],\"columns\":{{\"a\":[")?;
        repeat(out, "1,", 100_000)?;
        write!(out, "1]}},\"row_names\":null}}")
    }),
    ("names_and_texts.json", |out| {
        write!(out, "{{\"type\":\"Table\",\"names\":[")?;
        (0..60_000).try_for_each(|i| write!(out, "\"n{i}\","))?;
        write!(out, "\"n\"],\"texts\":[")?;
        (0..60_000).rev().try_for_each(|i| write!(out, "\"n{i}\","))?;
        write!(out, "\"n\"],\"columns\":{{")?;
        (0..60_000).try_for_each(|i| write!(out, "\"n{i}\":[],"))?;
        write!(out, "\"n\":[]}}}}")
    }),
    ("deep.graphml", |out| {
        write!(out, "<graphml><graph edgedefault='directed'>")?;
        repeat(out, "<node>", 200_000)
    }),
    ("attributes.graphml", |out| {
        write!(out, "<graphml><graph edgedefault='directed'><node id='a'")?;
        (0..400_000).try_for_each(|i| write!(out, " k{i}=''"))?;
        write!(out, "/></graph></graphml>")
    }),
    ("keys.gexf", |out| {
        write!(out, "<gexf><graph><attributes class='node'>")?;
        (0..2000).try_for_each(|i| {
            write!(out, "<attribute id='{i}' title='t{i}' type='string'><default>x</default></attribute>")
        })?;
        write!(out, "</attributes><nodes>")?;
        (0..20_000).try_for_each(|i| write!(out, "<node id='{i}'/>"))?;
        write!(out, "</nodes><edges/></graph></gexf>")
    }),
    ("quotes.dot", |out| {
        write!(out, "graph {{ ")?;
        repeat(out, "\"", 15_000_001)
    }),
    ("groups.dot", |out| {
        write!(out, "graph {{ ")?;
        repeat(out, "subgraph {", 100_000)?;
        repeat(out, "}", 100_000)
    }),
    ("product.dot", |out| {
        write!(out, "graph {{ {{ ")?;
        (0..20_000).try_for_each(|i| write!(out, "a{i} "))?;
        write!(out, "}} -- {{ ")?;
        (0..20_000).try_for_each(|i| write!(out, "b{i} "))?;
        write!(out, "}} }}")
    }),
    ("strict.dot", |out| {
        write!(out, "strict graph {{ {{ {} }}", nodes('a', 450))?;
        for _ in 0..45 {
            write!(out, " -- {{ {} }} -- {{ {} }}", nodes('b', 450), nodes('a', 450))?;
        }
        write!(out, " }}")
    }),
    ("loops.dot", |out| {
        write!(out, "graph {{ {{ a a")?;
        repeat(out, " a", 40_000)?;
        write!(out, " }}")?;
        (0..60_000).try_for_each(|_| write!(out, " -- {{a}}"))?;
        write!(out, " }}")
    }),
    ("edges.csv", |out| {
        writeln!(out, "source,target,weight,sign")?;
        (0..1_000_000).try_for_each(|i| writeln!(out, "{i},{},1,1", i + 1))
    }),
    ("attributes.csv", |out| {
        write!(out, "source,target,weight,sign")?;
        (0..30_000).try_for_each(|i| write!(out, ",{i}"))?;
        writeln!(out)?;
        (0..60).try_for_each(|i| {
            write!(out, "n{i},m{i},1,1")?;
            repeat(out, ",", 30_000)?;
            writeln!(out)
        })
    }),
    ("edge_attributes.json", |out| {
        write!(out, "{{\"type\":\"Graph\",\"directed\":false,\"nodes\":[")?;
        (0..8000).try_for_each(|i| write!(out, "\"{i}\","))?;
        write!(out, "\"8000\"],\"edges\":[")?;
        (0..7999).try_for_each(|i| write!(out, "{{\"source\":\"{i}\",\"target\":\"{}\",\"a{i}\":1}},", i + 1))?;
        write!(out, "{{\"source\":\"7999\",\"target\":\"8000\"}}]}}")
    }),
    ("elements.cyjs", |out| {
        write!(out, "{{\"data\":{{}},\"elements\":{{\"edges\":[],\"nodes\":[")?;
        (0..40_000).try_for_each(|i| write!(out, "{{\"data\":{{\"id\":\"{i}\",\"a{i}\":1}}}},"))?;
        write!(out, "{{\"data\":{{\"id\":\"x\"}}}}]}}}}")
    }),
    ("wide_sergio.csv", |out| {
        write!(out, "0,5000000")?;
        repeat(out, ",1", 15_000_000)
    }),
    ("big.rhai", |out| {
        repeat(out, "// Nothing at all.\n", 100_000)?;
        writeln!(out, "export const ONE = 1;")
    }),
    ("wide.rhai", |out| {
        repeat(out, "0;", 500_000)?;
        writeln!(out, "export const ONE = 1;")
    }),
    ("deep.rhai", |out| {
        repeat(out, "(", 200_000)?;
        write!(out, "1")?;
        repeat(out, ")", 200_000)
    }),
    ("blocks.rhai", |out| {
        repeat(out, "{", 200_000)?;
        repeat(out, "}", 200_000)
    }),
];

/// Folders of a data set one file of which is packed and large when it is unpacked.
const FOLDERS: &[(&str, &str, Fill)] = &[
    ("letters", "barcodes.tsv", |out| packed(out, "", "a\n", 8_000_000, "")),
    ("comments", "matrix.mtx", |out| {
        let start = "%%MatrixMarket matrix coordinate integer general\n3 2 2\n";
        packed(out, start, "%                                              \n", 10_000_000, "1 1 1\n")
    }),
];

fn large(folder: &Path, script: &str) -> io::Result<()> {
    for (name, fill) in LARGE.iter().filter(|(name, _)| names(script, name)) {
        write(&folder.join(name), *fill)?;
    }
    for (place, name, fill) in FOLDERS.iter().filter(|(place, ..)| names(script, place)) {
        let place = folder.join(place);
        fs::create_dir_all(&place)?;
        for (other, text) in SINGLE_CELL.iter().filter(|(other, _)| other != name) {
            fs::write(place.join(other), text)?;
        }
        write(&place.join(format!("{name}.gz")), *fill)?;
    }
    Ok(())
}

/// Whether a script means this file: its name stands there in quotes, a module's without its ending.
fn names(script: &str, name: &str) -> bool {
    script.contains(&format!("\"{}\"", name.trim_end_matches(".rhai")))
}

fn write(path: &Path, fill: Fill) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    fill(&mut out)?;
    out.flush()
}

/// A text so many times.
fn repeat(out: &mut dyn Write, text: &str, count: usize) -> io::Result<()> {
    let block = text.repeat((1 << 16) / text.len() + 1);
    let mut bytes = text.len() * count;
    while bytes > 0 {
        let part = bytes.min(block.len());
        out.write_all(&block.as_bytes()[..part])?;
        bytes -= part;
    }
    Ok(())
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes)?;
    out.finish()
}

/// A text, another one so many times, and a third, packed: pieces of some hundred kilobytes behind each other, which are
/// packed once.
fn packed(out: &mut dyn Write, start: &str, text: &str, count: usize, end: &str) -> io::Result<()> {
    const PIECE: usize = 10_000;
    out.write_all(&pack(start.as_bytes())?)?;
    let piece = pack(text.repeat(PIECE).as_bytes())?;
    (0..count / PIECE).try_for_each(|_| out.write_all(&piece))?;
    out.write_all(&pack(format!("{}{end}", text.repeat(count % PIECE)).as_bytes())?)
}

/// Very many packed files behind each other, with nothing in any of them.
fn members(out: &mut dyn Write) -> io::Result<()> {
    let many = pack(&[])?.repeat(1000);
    (0..1500).try_for_each(|_| out.write_all(&many))
}

/// So many names of nodes.
fn nodes(letter: char, count: usize) -> String {
    (0..count).map(|i| format!("{letter}{i}")).collect::<Vec<_>>().join(" ")
}
