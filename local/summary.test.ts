import { describe, expect, it } from 'vitest'
import { type SummaryInput, shellQuote, summary } from './summary.ts'

const input: SummaryInput = {
  gatewayUrl: 'http://127.0.0.1:8080',
  simulatorUrl: 'http://127.0.0.1:8090',
  kubernetesUrl: 'https://127.0.0.1:8443',
  kubeconfig: '/home/a person/.berth/kubeconfig',
  apiKey: 'wak_live_x',
  dataDir: '/data',
  logsDir: '/data/logs',
  hasKubectl: true,
  stillStarting: [],
}

describe('summary', () => {
  it('gives commands that can be copied as they are', () => {
    const text = summary(input)
    expect(text).toContain("export KUBECONFIG='/home/a person/.berth/kubeconfig'")
    expect(text).toContain('kubectl apply -f examples/quickstart.yaml')
    expect(text).toContain('export BERTH=http://127.0.0.1:8080 AUTH="Authorization: Bearer wak_live_x"')
    expect(text).not.toContain('cd ')
  })

  it('uses our own command line without kubectl, and says where to go', () => {
    const text = summary({ ...input, hasKubectl: false, elsewhere: '/src/berth' })
    expect(text).toContain('npm run berth -- apply -f examples/quickstart.yaml')
    expect(text).toContain('cd /src/berth')
    expect(text).not.toContain('kubectl apply')
  })

  it('calls the simulator one, and warns of the real thing', () => {
    expect(summary(input)).toContain('not WhatsApp')
    const { simulatorUrl: _, ...real } = input
    expect(summary(real)).toContain('can be banned')
    expect(summary(real)).not.toContain('imulator')
  })

  it('says what is missing', () => {
    const { apiKey: _, ...without } = input
    const text = summary({ ...without, stillStarting: ['the first worker'] })
    expect(text).toContain('Still starting: the first worker')
    expect(text).toContain('there is no tenant "demo"')
  })
})

it('shellQuote leaves plain words alone and disarms the others', () => {
  expect(shellQuote('/plain/path-1.2')).toBe('/plain/path-1.2')
  expect(shellQuote("it's $HOME")).toBe(`'it'\\''s $HOME'`)
})
