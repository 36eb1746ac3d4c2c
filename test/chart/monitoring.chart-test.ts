import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { clone } from '@berth/local/clone.ts'
import { expect, test } from 'vitest'
import { chartFile, MINIMAL, namesOf, objectOf, podsOf, render } from './chart.ts'

const everything = {
  ...MINIMAL,
  monitoring: {
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    grafanaDashboard: { enabled: true },
  },
}

/** As the processes define them. */
function metricsOfCode(): Set<string> {
  const names = new Set<string>()
  for (const folder of ['core', 'operator', 'worker', 'gateway']) {
    for (const file of readdirSync(path.join(clone, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.includes('node_modules')) continue
      const text = readFileSync(path.join(clone, folder, file), 'utf8')
      for (const [, name] of text.matchAll(/name: '(berth_[a-z_]+)'/g)) names.add(name!)
    }
  }
  return names
}

const used = (expression: string): string[] =>
  [...expression.matchAll(/\bberth_[a-z_]+(?=[{(]|$|\s|\)|,)/g)]
    .map(([name]) => name.replace(/_(bucket|count|sum)$/, ''))
    // A label, as Prometheus writes it.
    .filter((name) => name !== 'berth_dev_tier')

test('alerts and dashboard ask for metrics that there are', async () => {
  const manifests = await render(everything)
  const rules: { expr: string }[] = objectOf(manifests, 'PrometheusRule', 'berth').spec.groups[0].rules
  const dashboard = JSON.parse(objectOf(manifests, 'ConfigMap', 'berth-dashboard').data['berth.json'])
  expect(dashboard).toEqual(JSON.parse(chartFile('dashboards/berth.json')))
  const panels: { targets: { expr: string }[] }[] = dashboard.panels
  const expressions = [...rules, ...panels.flatMap(({ targets }) => targets)].map(({ expr }) => expr)
  const names = new Set(expressions.flatMap(used))
  expect(names.size).toBeGreaterThan(10)
  const known = metricsOfCode()
  expect([...names].filter((name) => !known.has(name))).toEqual([])
})

test('every alert is about this installation, and says what to do', async () => {
  const rules = objectOf(await render(everything), 'PrometheusRule', 'berth').spec.groups[0].rules
  expect(rules.length).toBeGreaterThan(5)
  for (const { alert, expr, annotations, labels } of rules) {
    expect(expr, alert).toContain('namespace="acme"')
    expect(annotations.summary, alert).toMatch(/\w+/)
    expect(annotations.description, alert).toMatch(/\w+/)
    expect(labels.severity, alert).toMatch(/^(critical|warning)$/)
  }
})

test('the monitors scrape ports that the pods have', async () => {
  const manifests = await render(everything)
  expect(namesOf(manifests, 'PodMonitor').sort()).toEqual(['berth-gateway', 'berth-operator', 'berth-worker'])
  for (const name of ['operator', 'gateway']) {
    const [endpoint] = objectOf(manifests, 'PodMonitor', `berth-${name}`).spec.podMetricsEndpoints
    const [container] = podsOf(manifests).find(({ owner }) => owner === `Deployment/berth-${name}`)!.spec.containers
    const ports = (container as unknown as { ports: { name: string }[] }).ports.map((port) => port.name)
    expect(ports, name).toContain(endpoint.port)
  }
})

test('none of it without being asked for', async () => {
  const kinds = new Set((await render()).map(({ kind }) => kind))
  expect([...kinds]).not.toEqual(expect.arrayContaining(['PodMonitor']))
  expect([...kinds]).not.toEqual(expect.arrayContaining(['PrometheusRule']))
})
