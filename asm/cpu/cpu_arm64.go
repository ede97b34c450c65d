package cpu

// DotProd says whether the dotprod level runs: sums of four products of bytes (FEAT_DotProd).
func DotProd() bool { return hasDotProd() }

// I8MM says whether the i8mm level runs: products of 2x8 and 8x2 bytes (FEAT_I8MM).
func I8MM() bool { return hasI8MM() }
