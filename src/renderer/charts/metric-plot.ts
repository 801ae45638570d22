/** @file One chart of uPlot: lines over steps, zoom by drag, a cross-hair shared by all charts of a page. No Vue here. */
import uPlot from 'uplot'
import { shortNumber } from '../services/format'
import type { CurveData, StepRange } from './curve'

export interface PlotLine {
  readonly colour: string
  /** For the run that is compared with. */
  readonly dashed: boolean
}

export interface PlotLook {
  readonly text: string
  readonly grid: string
  readonly font: string
}

export interface PlotOptions {
  readonly lines: readonly PlotLine[]
  readonly look: PlotLook
  readonly log: boolean
  /** Charts of the same name move their cross-hairs together. */
  readonly syncKey: string
  readonly axisFormat: (value: number) => string
  /** The step under the cross-hair, or undefined when it has left. */
  readonly onCursor: (step: number | undefined) => void
  /** A part chosen by dragging; undefined asks for the whole. */
  readonly onZoom: (range: StepRange | undefined) => void
}

// The enum exists in uPlot's types alone; this is its number.
const logarithmic = (3 as unknown) as uPlot.Scale.Distr.Logarithmic
/** Below this many pixels a drag is a click. */
const leastDragPx = 6

export class MetricPlot {
  readonly #plot: uPlot
  #range: StepRange | undefined

  constructor(host: HTMLElement, options: PlotOptions) {
    this.#plot = new uPlot(this.#settings(host, options), [[]], host)
  }

  #settings(host: HTMLElement, { lines, look, log, syncKey, axisFormat, onCursor, onZoom }: PlotOptions): uPlot.Options {
    const axis = {
      stroke: look.text,
      font: look.font,
      grid: { stroke: look.grid, width: 1 },
      ticks: { show: false },
      gap: 6,
    } as const
    const select = (plot: uPlot): void => {
      const { left, width } = plot.select
      if (width < leastDragPx) return
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      onZoom({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') })
    }
    return {
      width: Math.max(1, host.clientWidth),
      height: Math.max(1, host.clientHeight),
      padding: [8, 14, 0, 0],
      legend: { show: false },
      cursor: {
        // Only the cross-hair travels: a drag is one chart's own, and its end is told to all by the page.
        sync: { key: syncKey, setSeries: false, scales: ['x', null], filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
        drag: { x: true, y: false, setScale: false, dist: leastDragPx },
        points: { size: 6, width: 0, fill: (_plot, index) => lines[index - 1]?.colour ?? look.text },
        y: false,
        bind: {
          dblclick: () => () => {
            onZoom(undefined)
            return null
          },
        },
      },
      scales: {
        x: { time: false, range: (_plot, least, most) => this.#xRange(least, most) },
        y: log ? { distr: logarithmic, log: 10 } : { range: (_plot, least, most) => uPlot.rangeNum(least ?? 0, most ?? 1, 0.1, true) },
      },
      axes: [
        { ...axis, size: 24, space: 72, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6], values: (_plot, steps) => steps.map(shortNumber) },
        { ...axis, size: 56, space: 30, values: (_plot, values) => values.map((value: number | null) => (value === null ? '' : axisFormat(value))) },
      ],
      series: [
        {},
        ...lines.map(({ colour, dashed }) => ({
          stroke: colour,
          width: 1.5,
          spanGaps: true,
          points: { show: false },
          ...(dashed ? { dash: [5, 4] } : {}),
        })),
      ],
      hooks: {
        setCursor: [
          (plot) => {
            const { idx } = plot.cursor
            onCursor(idx === null || idx === undefined ? undefined : plot.data[0][idx])
          },
        ],
        setSelect: [select],
      },
    }
  }

  #xRange(least: number | null, most: number | null): [number, number] {
    if (this.#range !== undefined) return [this.#range.from, this.#range.to]
    const from = least ?? 0
    return [from, Math.max(most ?? 1, from + 1)]
  }

  /** Draws these curves; each entry is one run's, its curves in the order of the lines. */
  setData(runs: readonly CurveData[], range: StepRange | undefined, log: boolean): void {
    this.#range = range
    const shown = (value: number | null): number | null => (log && value !== null && value <= 0 ? null : value)
    const tables = runs.map(({ steps, curves }): uPlot.AlignedData => [[...steps], ...curves.map((values) => values.map(shown))])
    const [only] = tables
    this.#plot.setData(tables.length === 1 && only !== undefined ? only : uPlot.join(tables))
  }

  setSize(width: number, height: number): void {
    if (width > 0 && height > 0) this.#plot.setSize({ width, height })
  }

  dispose(): void {
    this.#plot.destroy()
  }
}
