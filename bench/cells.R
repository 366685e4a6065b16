# mclust's log-likelihood a row from its own start, of common covariances (EEE) and diagonal ones (VVI), 2 to 6 components: as JSON.
suppressMessages(library(mclust))
x <- as.matrix(read.csv(commandArgs(trailingOnly = TRUE)[1], header = FALSE))
control <- emControl(tol = c(1e-9, 1e-9), itmax = c(5000, 5000))
cell <- function(model, K) {
  found <- suppressWarnings(Mclust(x, G = K, modelNames = model, control = control, verbose = FALSE))
  if (is.null(found)) "null" else sprintf("%.9f", found$loglik / nrow(x))
}
all <- function(model) paste(sapply(2:6, function(K) cell(model, K)), collapse = ",")
cat(sprintf('{"tied":[%s],"diagonal":[%s]}', all("EEE"), all("VVI")))
