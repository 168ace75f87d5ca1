// The official SDK against a real server, which is killed and started again in the middle: every event is there once.
//
//   node tests/sdk/run.mjs target/debug/tenure

import { Analytics } from '@segment/analytics-node'
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:net'

const tenure = process.argv[2]
const data = mkdtempSync(join(tmpdir(), 'tenure-sdk-'))
const EVENTS = 600

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const port = await freePort()
let key

function start() {
  const server = spawn(tenure, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let said = ''
    server.stdout.on('data', (text) => {
      said += text
      key = said.match(/wk_[0-9a-f]+/)?.[0] ?? key
      if (said.includes('tenure serves')) setTimeout(() => resolve(server), 50)
    })
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
}

const ended = (server) => new Promise((resolve) => server.on('exit', resolve))
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

let server = await start()
const analytics = new Analytics({ writeKey: key, host: `http://127.0.0.1:${port}`, maxRetries: 50, flushInterval: 100, flushAt: 20 })
const failures = []
analytics.on('error', (error) => failures.push(error))

analytics.group({ userId: 'ann', groupId: 'acme', traits: { name: 'Acme', plan: 'pro' } })
analytics.identify({ userId: 'ann', traits: { role: 'admin' } })
for (let n = 0; n < EVENTS; n++) {
  analytics.track({ userId: 'ann', event: 'login', properties: { n } })
  if (n === EVENTS / 3) {
    await pause(150)
    server.removeAllListeners('exit')
    const dead = ended(server)
    server.kill('SIGKILL')
    await dead
    server = await start()
  }
  if (n % 25 === 0) await pause(10)
}
await analytics.closeAndFlush()
server.removeAllListeners('exit')
const stopped = ended(server)
server.kill('SIGTERM')
await stopped

const counts = JSON.parse(
  execFileSync(tenure, ['--data', data, 'sql', '--json', "SELECT COUNT(*) AS events, COUNT(DISTINCT message_id) AS messages, COUNT(DISTINCT account_id) AS accounts FROM events WHERE name = 'login'"]).toString(),
)[0]
rmSync(data, { recursive: true })
const fine = counts.events === EVENTS && counts.messages === EVENTS && counts.accounts === 1 && failures.length === 0
console.log(`sdk: ${counts.events} of ${EVENTS} events, ${counts.messages} messages, ${counts.accounts} account, ${failures.length} failures of the SDK`)
if (failures.length) console.log(failures[0])
process.exit(fine ? 0 : 1)
