// The simulator's process: node simulator/main.ts --data DIR --port N [--host 127.0.0.1]
import { parseArgs } from 'node:util'
import { startSimulator } from './server.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
  },
})
if (!values.data) {
  console.error('Usage: node simulator/main.ts --data DIR [--port N] [--host 127.0.0.1]')
  process.exit(2)
}

const simulator = await startSimulator({
  dataDir: values.data,
  port: Number(values.port),
  host: values.host,
  onFault: (fault) => console.error(JSON.stringify({ level: 'warn', msg: 'fault', ...fault })),
})
console.log(JSON.stringify({ ready: true, url: simulator.url }))

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    await simulator.close()
    process.exit(0)
  })
}
