/** @file ONNX models of other makers on the command line: imported as told, inspected as far as they go, refused with a reason. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { encodeModel } from '../../src/engine/onnx'
import { temporaryFolder } from '../helpers/folders'
import { tokenModel } from '../helpers/foreign-models'
import { lastJson, root, runCli } from './run-cli'

it('imports a graph as it is told, inspects a picture with it, and says what it does not give', async () => {
  const folder = await temporaryFolder()
  const workspace = join(folder, 'workspace')
  const source = join(folder, 'conv.onnx')
  writeFileSync(source, encodeModel(tokenModel({ patch: 16, dim: 8, leading: 2 }).model))
  const wrong = await runCli(['models', 'import', source, '--workspace', workspace, '--leading-tokens', '5', '--json'], workspace)
  expect([wrong.code === 0, lastJson(wrong)['error']]).toEqual([false, expect.objectContaining({ code: 'BAD_REQUEST' })])
  const done = await runCli(['models', 'import', source, '--workspace', workspace, '--name', 'Conv', '--output', 'last_hidden_state', '--mean', '0.5,0.5,0.5', '--std', '0.5,0.5,0.5', '--size', '112', '--json'], workspace)
  expect(lastJson(done)['model']).toMatchObject({ id: 'conv', family: 'onnx', registers: 1, evaluation: { crop: 112 }, gives: { patches: true, attention: false, inside: false } })

  const out = join(folder, 'out')
  const inspected = await runCli(['inspect', join(root, 'resources', 'samples', 'cat.jpg'), '--model', 'conv', '--workspace', workspace, '--out', out, '--json'], workspace)
  expect([inspected.code, inspected.stderr.includes('Error')]).toEqual([0, false])
  expect(['pca.png', 'tokens.npy', 'attention.npy', 'attention-mean.png'].map((name) => existsSync(join(out, name)))).toEqual([true, true, false, false])

  const exported = await runCli(['export', 'conv', '--workspace', workspace, '--to', join(folder, 'again.onnx'), '--json'], workspace)
  expect(lastJson(exported)['error']).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('cannot be exported') })

  // A copy of its folder is the model, in the one precision it has.
  const copied = await runCli(['export', 'conv', '--workspace', workspace, '--to', `${join(folder, 'copy')}/`, '--json'], workspace)
  expect([copied.code, ['model.json', 'model.onnx'].map((name) => existsSync(join(folder, 'copy', name)))]).toEqual([0, [true, true]])
  for (const args of [['export', 'conv', '--to', `${join(folder, 'half')}/`, '--precision', 'fp16'], ['embed', join(root, 'resources', 'samples'), '--model', 'conv', '--out', join(folder, 'vectors.npy'), '--precision', 'int8'], ['models', 'precision', 'conv']]) {
    const refused = await runCli([...args, '--workspace', workspace, '--json'], workspace)
    expect(lastJson(refused)['error']).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('another precision') })
  }
  expect(existsSync(join(folder, 'half'))).toBe(false)
}, 180_000)
