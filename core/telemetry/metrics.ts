/** Prometheus metrics of one process. Names start with berth_, units are base units (seconds, bytes). */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export const metrics = new Registry()
collectDefaultMetrics({ register: metrics })

interface Options<Label extends string> {
  name: `berth_${string}`
  help: string
  labels?: readonly Label[]
}

const common = <Label extends string>({ name, help, labels = [] }: Options<Label>) => ({
  name,
  help,
  labelNames: labels,
  registers: [metrics],
})

export const counter = <Label extends string = never>(options: Options<Label>): Counter<Label> =>
  new Counter<Label>(common(options))

export const gauge = <Label extends string = never>(options: Options<Label> & { collect?: () => void }): Gauge<Label> =>
  new Gauge<Label>({ ...common(options), ...(options.collect ? { collect: options.collect } : {}) })

/** For durations in seconds, from 1 ms to 10 s. */
export const histogram = <Label extends string = never>(
  options: Options<Label> & { buckets?: number[] },
): Histogram<Label> =>
  new Histogram<Label>({
    ...common(options),
    buckets: options.buckets ?? [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  })
