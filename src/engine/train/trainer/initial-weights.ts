/** @file The weights a run begins with: fresh ones, or a model's backbone under fresh heads; the teacher is the student's copy. */
import { EngineError } from '../../contract'
import { initialHeadParameters, initialParameters } from '../../nn'
import { formatShape, toFloat32, type Tensor } from '../../tensor'
import { readSafetensors, requireVit, type ModelFolder } from '../../weights'
import { headPrefix, tensorOf, type StepSpec, type TrainingState } from '../step'

const backbonePrefix = 'backbone.'
/** Seeds of the three networks must not draw the same numbers. */
const seedOffsets = { backbone: 0, head: 1, ibot_head: 2 } as const

/**
 * Fills student and teacher.
 * @param layerScale gain that residual branches begin with; the references' training value is 1e-5
 * @throws EngineError TRAIN_INIT when the model's weights are not those of the recipe's architecture
 */
export async function fillInitialWeights(state: TrainingState, spec: StepSpec, seed: number, layerScale: number, model: ModelFolder | undefined): Promise<void> {
  const fill = (prefix: string, tensors: Iterable<readonly [name: string, tensor: Tensor<'float32'>]>): void => {
    for (const [name, { data }] of tensors) tensorOf(state.student, `${prefix}${name}`).data.set(data)
  }
  fill(backbonePrefix, initialParameters(spec.config, seed + seedOffsets.backbone))
  if (spec.config.layerScale) for (const [name, { data }] of state.student.tensors) if (name.endsWith('.gamma')) data.fill(layerScale)
  fill(`${headPrefix(spec)}.`, initialHeadParameters(spec.head, seed + seedOffsets.head))
  if (spec.ibotHead !== undefined) fill('ibot_head.', initialHeadParameters(spec.ibotHead, seed + seedOffsets.ibot_head))
  if (model !== undefined) fill(backbonePrefix, await backboneOf(model, state))
  state.teacher.data.set(state.student.data)
}

async function backboneOf(model: ModelFolder, { student }: TrainingState): Promise<[string, Tensor<'float32'>][]> {
  const { name: modelName } = model.manifest
  const tensors = await readSafetensors(requireVit(model, 'trained from').weights.path)
  const wanted = [...student.tensors].filter(([name]) => name.startsWith(backbonePrefix)).map(([name, tensor]) => [name.slice(backbonePrefix.length), tensor] as const)
  const problems = wanted.flatMap(([name, { shape }]) => {
    const found = tensors.get(name)
    // A model of DINO has no mask token; a fresh one is as good as any.
    if (found === undefined) return name === 'mask_token' ? [] : [`it has no ${name}`]
    return formatShape(found.shape) === formatShape(shape) ? [] : [`${name} is ${formatShape(found.shape)}, the recipe needs ${formatShape(shape)}`]
  })
  if (problems.length > 0)
    throw new EngineError('TRAIN_INIT', `${modelName} is of another architecture than the recipe: ${problems.slice(0, 4).join('; ')}${problems.length > 4 ? `; and ${problems.length - 4} more` : ''}`, { detail: { problems } })
  return wanted.flatMap(([name]): [string, Tensor<'float32'>][] => {
    const tensor = tensors.get(name)
    return tensor === undefined ? [] : [[name, toFloat32(tensor)]]
  })
}
