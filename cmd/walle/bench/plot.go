package bench

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The picture: two plots one above the other, and on the right what is what.
const (
	plotWidth   = 26 * vg.Centimeter
	plotHeight  = 24 * vg.Centimeter
	legendWidth = 5 * vg.Centimeter
	legendDown  = vg.Centimeter
)

// drawing is what the plots have in common.
type drawing struct {
	results []result
	legend  plot.Legend
}

// draw draws latencies by percentile above, and throughput over time below.
func (s *summary) draw(w io.Writer) error {
	d := drawing{results: s.Results, legend: plot.NewLegend()}
	d.legend.Top, d.legend.Left = true, true
	sans(&d.legend.TextStyle.Font)
	latency, err := d.latency()
	if err != nil {
		return fmt.Errorf("draw the latencies: %w", err)
	}
	throughput, err := d.throughput()
	if err != nil {
		return fmt.Errorf("draw the throughput: %w", err)
	}
	image := vgsvg.New(plotWidth, plotHeight)
	canvas := draw.New(image)
	plots := [][]*plot.Plot{{latency}, {throughput}}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadY: vg.Centimeter}
	for i, row := range plot.Align(plots, tiles, draw.Crop(canvas, vg.Millimeter, -legendWidth, vg.Millimeter, -vg.Millimeter)) {
		plots[i][0].Draw(row[0])
	}
	d.legend.Draw(draw.Crop(canvas, plotWidth-legendWidth, -vg.Millimeter, 0, -legendDown))
	_, err = image.WriteTo(w)
	return err
}

func sans(f *font.Font) { f.Variant = "Sans" }

// logPlot has a logarithmic y axis, which needs values above 0.
func logPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	for _, f := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font,
	} {
		sans(f)
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plainTicks{}
	p.Add(plotter.NewGrid())
	return p
}

// plainTicks are logarithmic, with 1,000,000 instead of 1e+06.
type plainTicks struct{}

func (plainTicks) Ticks(least, most float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(least, most)
	for i, t := range ticks {
		if t.Label != "" && t.Value >= 10 {
			ticks[i].Label = count(t.Value)
		}
	}
	return ticks
}

// line is the line of result i, in its colour.
func (d *drawing) line(i int, points plotter.XYs) (*plotter.Line, error) {
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.Color, line.Dashes = plotutil.Color(i), plotutil.Dashes(i/len(plotutil.DefaultColors))
	line.Width = vg.Points(1.2)
	return line, nil
}

// nines is the place of a percentile on an axis where each step is a tenth of what is left.
func nines(percentile float64) float64 { return -math.Log10(1 - percentile/100) }

// latency has percentiles on its x axis, spread towards 100.
func (d *drawing) latency() (*plot.Plot, error) {
	p := logPlot("Latency by percentile", "percentile", "ms")
	for i, res := range d.results {
		var points plotter.XYs
		for _, at := range res.Curve {
			if at.Percentile < 100 && at.Latency > 0 {
				points = append(points, plotter.XY{X: nines(at.Percentile), Y: at.Latency})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, err := d.line(i, points)
		if err != nil {
			return nil, err
		}
		p.Add(line)
	}
	var ticks plot.ConstantTicks
	for _, percentile := range []float64{0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999} {
		ticks = append(ticks, plot.Tick{Value: nines(percentile), Label: fmt.Sprint(percentile)})
	}
	p.X.Tick.Marker = ticks
	return bounded(p), nil
}

// throughput has the seconds of each load on its x axis.
func (d *drawing) throughput() (*plot.Plot, error) {
	p := logPlot("Throughput", "seconds of the load", "a second")
	for i, res := range d.results {
		points := plotter.XYs{}
		for _, at := range res.Series {
			if at.Rate > 0 {
				points = append(points, plotter.XY{X: at.From, Y: at.Rate}, plotter.XY{X: at.To, Y: at.Rate})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, err := d.line(i, points)
		if err != nil {
			return nil, err
		}
		p.Add(line)
		d.legend.Add(res.Load, line)
	}
	return bounded(p), nil
}

// bounded gives axes some length where their values do not.
func bounded(p *plot.Plot) *plot.Plot {
	if p.Y.Min > p.Y.Max { // nothing was added
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 1, 10
	}
	if p.X.Min == p.X.Max {
		p.X.Max++
	}
	if p.Y.Min == p.Y.Max {
		p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2
	}
	return p
}
