package bench

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	plotWidth  = 26 * vg.Centimeter
	plotHeight = 24 * vg.Centimeter
)

// draw draws latencies by percentile above, and throughput over time below.
func (s *summary) draw(w io.Writer) error {
	latency, err := s.latencyPlot()
	if err != nil {
		return fmt.Errorf("draw the latencies: %w", err)
	}
	throughput, err := s.throughputPlot()
	if err != nil {
		return fmt.Errorf("draw the throughput: %w", err)
	}
	canvas := vgsvg.New(plotWidth, plotHeight)
	plots := [][]*plot.Plot{{latency}, {throughput}}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadY: vg.Centimeter, PadTop: vg.Millimeter, PadBottom: vg.Millimeter, PadLeft: vg.Millimeter, PadRight: vg.Millimeter}
	for i, row := range plot.Align(plots, tiles, draw.New(canvas)) {
		plots[i][0].Draw(row[0])
	}
	_, err = canvas.WriteTo(w)
	return err
}

// logPlot has a logarithmic y axis, which needs values above 0.
func logPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Add(plotter.NewGrid())
	p.Legend.Left, p.Legend.Top = true, true
	return p
}

// addLine adds a line for a load, if it has any points.
func addLine(p *plot.Plot, n int, name string, points plotter.XYs) error {
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Dashes = plotutil.Color(n), plotutil.Dashes(n/len(plotutil.DefaultColors))
	line.Width = vg.Points(1.2)
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}

// nines is the place of a percentile on an axis where each step is a tenth of what is left.
func nines(percentile float64) float64 { return -math.Log10(1 - percentile/100) }

// latencyPlot has percentiles on its x axis, spread towards 100.
func (s *summary) latencyPlot() (*plot.Plot, error) {
	p := logPlot("Latency by percentile", "percentile", "ms")
	for i, res := range s.Results {
		var points plotter.XYs
		for _, at := range res.Curve {
			if at.Percentile < 100 && at.Latency > 0 {
				points = append(points, plotter.XY{X: nines(at.Percentile), Y: at.Latency})
			}
		}
		if err := addLine(p, i, res.Load, points); err != nil {
			return nil, err
		}
	}
	var ticks plot.ConstantTicks
	for _, percentile := range []float64{0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999} {
		ticks = append(ticks, plot.Tick{Value: nines(percentile), Label: fmt.Sprint(percentile)})
	}
	p.X.Tick.Marker = ticks
	return p, nil
}

func (s *summary) throughputPlot() (*plot.Plot, error) {
	p := logPlot("Throughput", "seconds of the load", "a second")
	for i, res := range s.Results {
		var points plotter.XYs
		for _, at := range res.Series {
			if at.Rate > 0 {
				points = append(points, plotter.XY{X: at.To, Y: at.Rate})
			}
		}
		if err := addLine(p, i, res.Load, points); err != nil {
			return nil, err
		}
	}
	return p, nil
}
