# mclust's families and 1 to 9 components on standardized columns: what BIC and ICL choose, and how likely BIC's choice from the first `train`
# rows finds the others, as JSON.
suppressMessages(library(mclust))
args <- commandArgs(trailingOnly = TRUE)
given <- as.matrix(read.csv(args[1], header = FALSE))
known <- as.integer(args[2])
train <- as.integer(args[3])
x <- scale(given)
started <- proc.time()
bic <- mclustBIC(x, verbose = FALSE)
spent <- sum((proc.time() - started)[c("user.self", "sys.self")])
icl <- mclustICL(x, verbose = FALSE)
json <- function(model) {
  sprintf('{"family":"%s","components":%d,"classes":[%s]}', model$modelName, model$G,
    paste(model$classification, collapse = ","))
}
best <- which(icl == max(icl, na.rm = TRUE), arr.ind = TRUE)[1, ]
inside <- scale(given[seq_len(train), , drop = FALSE])
outside <- scale(given[-seq_len(train), , drop = FALSE], attr(inside, "scaled:center"), attr(inside, "scaled:scale"))
half <- Mclust(inside, verbose = FALSE)
held <- mean(dens(outside, modelName = half$modelName, parameters = half$parameters, logarithm = TRUE)) -
  sum(log(attr(inside, "scaled:scale")))
cat(sprintf('{"bic":%s,"icl":%s,"known":%s,"held":%.9f,"time":%f}',
  json(Mclust(x, x = bic, verbose = FALSE)),
  json(Mclust(x, G = as.integer(rownames(icl)[best[1]]), modelNames = colnames(icl)[best[2]], verbose = FALSE)),
  if (known > 0) json(Mclust(x, G = known, verbose = FALSE)) else "null",
  held, 1000 * spent))
