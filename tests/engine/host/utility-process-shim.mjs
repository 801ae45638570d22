/** @file Runs the built engine as if Electron had started it: `process.parentPort` and one page's port, bridged to this process's own channel. */
import { EventEmitter } from 'node:events'

const [, , engineModule, options] = process.argv
process.argv = [process.argv[0], engineModule, options]

const parentPort = Object.assign(new EventEmitter(), { postMessage: (message) => process.send({ from: 'parentPort', message }) })
const pagePort = Object.assign(new EventEmitter(), {
  started: false,
  postMessage: (message) => process.send({ from: 'page', message }),
  start() {
    this.started = true
  },
  close: () => process.send({ from: 'page', closed: true }),
})
process.parentPort = parentPort

// Electron keeps messages until somebody listens.
const waiting = []
const deliver = ({ to, message, closed }) => {
  if (closed) pagePort.emit('close')
  else if (to === 'page') {
    if (pagePort.started) pagePort.emit('message', { data: message })
    else waiting.push({ to, message })
  } else if (parentPort.listenerCount('message') === 0) waiting.push({ to, message })
  else {
    parentPort.emit('message', { data: message, ports: message.kind === 'attach' ? [pagePort] : [] })
    for (const held of waiting.splice(0)) deliver(held)
  }
}
process.on('message', deliver)
parentPort.on('newListener', () => setImmediate(() => waiting.splice(0).forEach(deliver)))

await import(engineModule)
