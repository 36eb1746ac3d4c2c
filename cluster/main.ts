/** `npm run cluster:up|down|status`. */
import { clusterDown, clusterUp } from './cluster.ts'

const onProgress = (line: string) => console.log(line)
const [command] = process.argv.slice(2)
const name = process.env.BERTH_CLUSTER || undefined
if (command === 'up') console.log(await clusterUp({ name, onProgress }))
else if (command === 'down') await clusterDown({ name, onProgress })
