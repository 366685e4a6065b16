# mclust's log-likelihood a row of each of its fourteen covariances, from the partition of its own hierarchy into K: as JSON.
suppressMessages(library(mclust))
args <- commandArgs(trailingOnly = TRUE)
x <- as.matrix(read.csv(args[1], header = FALSE))
K <- as.integer(args[2])
classes <- as.vector(hclass(hc(x, modelName = "VVV", use = "SVD"), K))
control <- emControl(tol = c(1e-12, 1e-10), itmax = c(5000, 500))
reached <- function(model) {
  found <- try(suppressWarnings(me(x, modelName = model, z = unmap(classes), control = control)), silent = TRUE)
  if (inherits(found, "try-error") || is.na(found$loglik)) "null" else sprintf("%.12f", found$loglik / nrow(x))
}
names <- c("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
cat(sprintf('{"classes":[%s],"reached":{%s}}', paste(classes, collapse = ","),
  paste(sprintf('"%s":%s', names, sapply(names, reached)), collapse = ",")))
