# Solves one problem a line with one of the R peers; the lines and the answers are those of worker.py. `stars` is the
# selection of huge: `stars subsamples lambdas data.npy answer.bin`.

# A matrix of doubles in C order.
read_npy <- function(path) {
  file <- file(path, "rb")
  on.exit(close(file))
  readBin(file, "raw", 8)
  header <- rawToChar(readBin(file, "raw", readBin(file, "integer", 1, size = 2, endian = "little")))
  stopifnot(grepl("'<f8'", header), grepl("'fortran_order': False", header))
  size <- as.numeric(strsplit(sub(".*\\(([0-9]+), ([0-9]+)\\).*", "\\1 \\2", header), " ")[[1]])
  matrix(readBin(file, "double", size[1] * size[2], endian = "little"), size[1], size[2], byrow = TRUE)
}

write_matrices <- function(list, path) {
  file <- file(path, "wb")
  on.exit(close(file))
  for (m in list) writeBin(as.vector(as.matrix(m)), file)
}

off_diagonal <- function(lambda, p) matrix(lambda, p, p) - diag(lambda, p)

# microseconds: system.time has milliseconds only.
timed <- function(call) {
  gc()
  started <- Sys.time()
  value <- force(call)
  list(seconds = as.numeric(Sys.time() - started, units = "secs"), value = value)
}

# glasso and huge: the compiled routine alone. Around it the one's R function evaluates the objective with a
# determinant, and the other's collects garbage twice, 0.3 s whatever the size.
solvers <- list(
  glasso = function(s, lambda, tol) {
    p <- nrow(s)
    rho <- matrix(lambda, p, p)
    zero <- matrix(0, p, p)
    # Symmetric, so that rows and columns are the same; 0L: not approximate, cold, silent, the diagonal not penalised.
    got <- timed(.Fortran("glasso", p, s, rho, 0L, 0L, 0L, 0L, tol, maxit = 10000L, ww = zero, xx = zero,
                          niter = integer(1), del = double(1), ierr = integer(1), PACKAGE = "glasso"))
    list(got$seconds, matrix(got$value$xx, p))
  },
  # Its tolerance cannot be set, and it always penalises the diagonal: with S - lambda I the problem is the same.
  huge = function(s, lambda, tol) {
    s <- s - diag(lambda, nrow(s))
    got <- timed(.Call("_huge_hugeglasso", s, lambda, FALSE, FALSE, FALSE, PACKAGE = "huge"))
    list(got$seconds, got$value$icov[[1]])
  },
  glassoFast = function(s, lambda, tol) {
    rho <- off_diagonal(lambda, nrow(s))
    got <- timed(glassoFast::glassoFast(s, rho, thr = tol))
    list(got$seconds, got$value$wi)
  },
  QUIC = function(s, lambda, tol) {
    rho <- off_diagonal(lambda, nrow(s))
    got <- timed(QUIC::QUIC(s, rho, tol = tol, msg = 0, maxIter = 10000))
    list(got$seconds, got$value$X)
  }
)

stars <- function(fields) {
  x <- read_npy(fields[3])
  lambda <- as.numeric(strsplit(fields[2], ",")[[1]])
  path <- timed(huge::huge(x, lambda = lambda, method = "glasso", verbose = FALSE))
  chosen <- timed(huge::huge.select(path$value, criterion = "stars", rep.num = as.integer(fields[1]), verbose = FALSE))
  write_matrices(path$value$icov, fields[4])
  paste(path$seconds, chosen$seconds, chosen$value$opt.lambda)
}

answer <- function(name, fields) {
  package <- if (name == "stars") "huge" else name
  if (!requireNamespace(package, quietly = TRUE)) return(paste("missing: there is no R package", package))
  if (fields[1] == "hello") return(as.character(packageVersion(package)))
  if (name == "stars") return(stars(fields))
  got <- solvers[[name]](read_npy(fields[4]), as.numeric(fields[3]), as.numeric(fields[2]))
  if (!all(is.finite(got[[2]]))) return("failed: the answer is not finite")
  write_matrices(list(got[[2]]), fields[5])
  format(got[[1]], digits = 9)
}

input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) == 1) {
  fields <- strsplit(line, "\t")[[1]]
  said <- tryCatch(suppressWarnings(answer(fields[1], fields[-1])),
                   error = function(e) paste("failed:", conditionMessage(e)))
  cat("\n@", gsub("\n", " ", said), "\n", sep = "")
  flush(stdout())
}
