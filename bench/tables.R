# Labelled tables that R and its packages have, as CSV files of a folder: numeric columns, and the class of each row in the last.
suppressMessages(library(mclust))
folder <- commandArgs(trailingOnly = TRUE)[1]
write <- function(name, x, class) {
  whole <- complete.cases(x) & !is.na(class)
  write.csv(data.frame(x, class = paste0("c_", class))[whole, ], file.path(folder, paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
}
data(banknote, diabetes, thyroid, wdbc, cross, chevron)
write("banknote", banknote[, -1], banknote$Status)
write("diabetes", diabetes[, -1], diabetes$class)
write("thyroid", thyroid[, -1], thyroid$Diagnosis)
write("wdbc means", wdbc[, 3:12], wdbc$Diagnosis)
write("cross", cross[, -1], cross$group)
write("chevron", chevron[, -1], chevron$class)
if (exists("penguins", where = "package:datasets"))
  write("penguins and sex", penguins[, 3:6], ifelse(is.na(penguins$sex), NA, paste(penguins$species, penguins$sex)))
