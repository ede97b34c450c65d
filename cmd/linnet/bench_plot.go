package main

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/linnet-go/linnet/engine/eval"
)

// speedCurve is tokens a second over depth, with bars from the least to the most: a plotter.XYer and plotter.YErrorer.
type speedCurve struct {
	depths []int
	rates  []eval.Range
}

func (c *speedCurve) add(depth int, r eval.Range) {
	c.depths, c.rates = append(c.depths, depth), append(c.rates, r)
}

func (c *speedCurve) Len() int                { return len(c.depths) }
func (c *speedCurve) XY(i int) (x, y float64) { return float64(c.depths[i]), c.rates[i].Median }
func (c *speedCurve) YError(i int) (below, above float64) {
	r := c.rates[i]
	return r.Median - r.Min, r.Max - r.Median
}

// draw draws the speeds that were measured as SVG, one diagram above the other.
func (r *benchReport) draw(w io.Writer) error {
	var prefill, decode speedCurve
	for _, p := range r.Points {
		if p.Prefill != nil {
			prefill.add(p.Depth, p.Prefill.Rate)
		}
		if p.Decode != nil {
			decode.add(p.Depth, p.Decode.Rate)
		}
	}
	var plots [][]*plot.Plot
	for i, c := range []*speedCurve{&prefill, &decode} {
		if c.Len() == 0 {
			continue
		}
		p, err := c.plot([]string{"prefill", "decode"}[i], plotutil.Color(i))
		if err != nil {
			return err
		}
		plots = append(plots, []*plot.Plot{p})
	}
	plots[0][0].Title.Text = fmt.Sprintf("%s: %s, %s, %s", orUnknown(r.Name), r.Level, many(r.Threads, "thread"), many(r.Parallel, "sequence"))
	canvas := vgsvg.New(16*vg.Centimeter, vg.Length(len(plots))*9*vg.Centimeter)
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 12, PadY: 12}
	for i, c := range plot.Align(plots, tiles, draw.New(canvas)) {
		plots[i][0].Draw(c[0])
	}
	_, err := canvas.WriteTo(w)
	return err
}

// plot draws one curve.
func (c *speedCurve) plot(what string, col color.Color) (*plot.Plot, error) {
	line, points, err := plotter.NewLinePoints(c)
	if err != nil {
		return nil, err
	}
	bars, err := plotter.NewYErrorBars(c)
	if err != nil {
		return nil, err
	}
	line.Color, points.Color, bars.Color = col, col, col
	points.Shape = draw.CircleGlyph{}
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "tokens in the context", what+", tokens/s"
	p.Add(plotter.NewGrid(), bars, line, points)
	p.X.Min, p.Y.Min, p.Y.Max = 0, 0, p.Y.Max*1.05
	return p, nil
}
