package gen

// armFloatFiles are the operations on f32 values: products of float weights, and the work on rows.
func armFloatFiles() []*file {
	return []*file{
		{"dot_float", []*fn{armDotFloat("F32", 4096), armDotFloat("F16", 2048), armDotFloat("BF16", 2048)}},
		{"unpack_float", []*fn{armUnpackFloat("F16"), armUnpackFloat("BF16")}},
		{"tile_float", []*fn{armTileFloat()}},
		{"vector", armVectorOps()},
		{"vector_activations", armActivations()},
		{"quantize", []*fn{armQuantize()}},
		{"scores", []*fn{armScores("F32"), armScores("F16"), armScores("Q8_0")}},
		{"values", []*fn{armValues("F32"), armValues("F16"), armValues("Q8_0")}},
	}
}

func newNeon(name, sig, ret, doc string) *afn { return newArm(armLevels[0], name, sig, ret, doc) }

// loadFloat leaves the weights of step i (in chain order) of a group of four k in registers dst to dst + 3. base points to the group; mask
// holds 0xffff0000.
func (f *afn) loadFloat(typ, base string, i, dst, mask int) {
	switch typ {
	case "F32":
		f.ldp(64*chain[i], base, dst, dst+1)
		f.ldp(64*chain[i]+32, base, dst+2, dst+3)
	case "F16":
		f.ldp(32*i, base, dst+1, dst+3)
		for h := range 4 {
			f.v([]string{"fcvtl", "fcvtl2"}[h%2], dst+h, dst+1+h/2*2)
		}
	case "BF16": // a dword holds the pair: the low half is the even step
		f.ldp(64*(i/2), base, dst, dst+1)
		f.ldp(64*(i/2)+32, base, dst+2, dst+3)
		for h := range 4 {
			if i%2 == 0 {
				f.v("shl", dst+h, dst+h, 16)
			} else {
				f.v("and", dst+h, dst+h, mask)
			}
		}
	}
}

// armDotFloat is the product of panels of float weights with one token: one chain of FMAs a row.
func armDotFloat(typ string, bytes int) *fn {
	f := newNeon("Dot"+typ, "y []float32, w []byte, units int, x []float32", "", "multiplies panels of "+typ+" weights with one token.")
	f.load("y", "R0", "w", "R1", "y_len", "R10")
	f.op("LSR", imm(4), "R10")
	if typ == "BF16" {
		f.fill(31, 0xffff0000)
	}
	f.loop("panel", "R10", func() {
		f.load("units", "R9", "x", "R5")
		f.op("LSL", imm(4), "R9")
		f.zero(0, 4)
		f.loop("group", "R9", func() {
			f.ldrPast("R5", 4)
			for i := range 4 {
				w := 8 + i%2*4 // two sets, so that loads need not wait
				f.loadFloat(typ, "R1", i, w, 31)
				for h := range 4 {
					f.v("fmla.e", h, w+h, 4, chain[i])
				}
			}
			f.op("ADD", imm(bytes/16), "R1")
		})
		f.stp(0, 1, 0, "R0")
		f.stp(2, 3, 32, "R0")
		f.op("ADD", imm(64), "R0")
	})
	return f.end()
}

// armUnpackFloat widens F16 or BF16 units to f32, k ascending.
func armUnpackFloat(typ string) *fn {
	f := newNeon("Unpack"+typ, "dst []float32, w []byte, units int", "", "widens units of a panel of "+typ+" weights.")
	f.load("dst", "R0", "w", "R1", "units", "R9")
	f.op("LSL", imm(4), "R9")
	f.fill(31, 0xffff0000)
	f.loop("group", "R9", func() {
		for i := range 4 {
			f.loadFloat(typ, "R1", i, 4*i, 31)
			f.stp(4*i, 4*i+1, 64*chain[i], "R0")
			f.stp(4*i+2, 4*i+3, 64*chain[i]+32, "R0")
		}
		f.op("ADD", imm(128), "R1")
		f.op("ADD", imm(256), "R0")
	})
	return f.end()
}

// armTileFloat is the product of an unpacked panel slice with some tokens. General registers: y R0, its stride R1, weights R2, groups of four k
// R4, the tokens' x R5, R6 ..., their stride R19, tokens left R21, more R22.
func armTileFloat() *fn {
	f := newNeon("TileFloat", "y []float32, stride int, w []float32, n int, x []float32, pad, tokens int, more bool", "", "multiplies an unpacked panel slice with some tokens.")
	f.load("y", "R0", "stride", "R1", "x", "R5", "pad", "R19", "tokens", "R21")
	f.op("MOVBU", f.at("more"), "R22")
	f.op("LSL", imm(2), "R1")
	f.op("LSL", imm(2), "R19")
	armTokens(f, "R21", []int{4, 2, 1}, func(n int) {
		t := &armTile{f: f, tokens: n, stored: n}
		for i := 1; i < n; i++ {
			t.next(5+i, "R19")
		}
		t.loadSums()
		f.load("w", "R2", "n", "R4")
		f.op("LSR", imm(2), "R4")
		f.loop("group", "R4", func() {
			for i := range n {
				f.ldrPast(r(5+i), 24+i)
			}
			for _, k := range chain {
				f.ldp(64*k, "R2", 16, 17)
				f.ldp(64*k+32, "R2", 18, 19)
				for i := range n {
					for h := range 4 {
						f.v("fmla.e", 4*i+h, 16+h, 24+i, k)
					}
				}
			}
			f.op("ADD", imm(256), "R2")
		})
		t.storeSums()
		f.load("n", "R4")
		t.back(5, "R19", 2)
	})
	return f.end()
}
