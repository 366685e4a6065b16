# mclust's families and 1 to 9 components on standardized columns: what BIC and ICL choose, as JSON.
suppressMessages(library(mclust))
args <- commandArgs(trailingOnly = TRUE)
x <- as.matrix(read.csv(args[1], header = FALSE))
x <- scale(x)
known <- as.integer(args[2])
started <- proc.time()
bic <- mclustBIC(x, verbose = FALSE)
spent <- sum((proc.time() - started)[c("user.self", "sys.self")])
icl <- mclustICL(x, verbose = FALSE)
json <- function(model) {
  sprintf('{"family":"%s","components":%d,"classes":[%s]}', model$modelName, model$G,
    paste(model$classification, collapse = ","))
}
best <- which(icl == max(icl, na.rm = TRUE), arr.ind = TRUE)[1, ]
cat(sprintf('{"bic":%s,"icl":%s,"known":%s,"time":%f}',
  json(Mclust(x, x = bic, verbose = FALSE)),
  json(Mclust(x, G = as.integer(rownames(icl)[best[1]]), modelNames = colnames(icl)[best[2]], verbose = FALSE)),
  if (known > 0) json(Mclust(x, G = known, verbose = FALSE)) else "null",
  1000 * spent))
