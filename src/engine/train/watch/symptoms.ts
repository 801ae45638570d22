/** @file What a collapse looks like in the numbers of a run: each symptom with its thresholds, its meaning and its cure. Pure. */
import type { TrainWarning } from '../../contract'

/** The smoothed numbers that a symptom is judged by. Undefined where not measured yet. */
export interface Vitals {
  /** Mean entropy of the teacher's output for one picture over that of a uniform output, 0..1. */
  readonly entropyShare: number | undefined
  /** KL between teacher and student, nats. */
  readonly kl: number | undefined
  readonly loss: number | undefined
  /** Smallest smoothed loss since the warm-up, and the KL there. */
  readonly lowestLoss: number | undefined
  readonly klAtLowest: number | undefined
  /** Spread of features, about 1 in all directions alike, 0 all the same. */
  readonly stdRatio: number | undefined
  readonly effectiveRank: number | undefined
  /** Largest smoothed effective rank since the warm-up. */
  readonly highestRank: number | undefined
  /** Share of the largest singular value of the features. */
  readonly largestShare: number | undefined
  readonly centreNorm: number | undefined
  readonly prototypes: number
}

/** `ill` raises after a while, `well` takes back; between the two nothing changes, so that no border is crossed to and fro. */
export type Judgement = 'ill' | 'between' | 'well'

export interface Symptom {
  readonly name: string
  readonly code: TrainWarning['code']
  /** Observations in a row that must be ill. */
  readonly patience: number
  /** Undefined where what it needs has not been measured at this step. */
  judge(vitals: Vitals): Judgement | undefined
  message(vitals: Vitals): string
  readonly advice: string
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const short = (value: number): string => String(Number(value.toPrecision(3)))

function between(isIll: boolean, isWell: boolean): Judgement {
  return isIll ? 'ill' : isWell ? 'well' : 'between'
}

/** Observations of every step; of statistics that are measured now and then, far fewer say as much. */
const steps = 50
const measurements = 4

/**
 * The two collapses of DINO: the teacher's output becomes uniform (entropy → log K) or a single prototype (entropy → 0);
 * in both KL → 0, as a constant is easily learned. So KL is asked for in both: a sharp teacher that the student cannot
 * foresee is a healthy one. Healthy runs keep KL between tenths and a few nats.
 * Source: DINO (arXiv 2104.14294) §5.3 and figure 7; facebookresearch/dino#43, facebookresearch/dinov2#272 and #407.
 */
const easyKl = 0.05
const livelyKl = 0.15

const uniformOutput: Symptom = {
  name: 'uniform output',
  code: 'uniform-output',
  patience: steps,
  judge: ({ entropyShare, kl }) => {
    if (entropyShare === undefined || kl === undefined) return undefined
    return between(entropyShare > 0.98 && kl < easyKl, entropyShare < 0.95 || kl > livelyKl)
  },
  message: ({ entropyShare = 0, kl = 0, prototypes }) =>
    `The teacher answers every picture with the same even spread over all ${prototypes} prototypes (entropy ${percent(entropyShare)} of its maximum, KL to the student ${short(kl)}): there is nothing left to learn from it.`,
  advice:
    'Sharpening is too weak against centring. Lower the teacher temperature (0.04 is safe) or lengthen its warm-up; lower the learning rate or lengthen its warm-up; with small batches take fewer prototypes, a larger batch or accumulation. Go back to a checkpoint from before this step, as a collapsed teacher does not recover by itself.',
}

/** Source: SimSiam (arXiv 2011.10566) §4.1: the deviation of features at length 1 is 1/√dim in health and 0 in collapse. */
const sameFeatures: Symptom = {
  name: 'same features',
  code: 'uniform-output',
  patience: measurements,
  judge: ({ stdRatio }) => (stdRatio === undefined ? undefined : between(stdRatio < 0.02, stdRatio > 0.05)),
  message: ({ stdRatio = 0 }) => `The features of different pictures are all but the same: they spread over ${percent(stdRatio)} of what is possible.`,
  advice:
    'The backbone has stopped telling pictures apart. Lower the learning rate and lengthen its warm-up, keep gradient clipping on, raise the momentum of the teacher (0.996, with small batches 0.9995) and check that the pictures do differ. Then begin anew from a checkpoint before this step, or from pretrained weights.',
}

const onePrototype: Symptom = {
  name: 'one prototype',
  code: 'dominant-dimension',
  patience: steps,
  judge: ({ entropyShare, kl }) => {
    if (entropyShare === undefined || kl === undefined) return undefined
    return between(entropyShare < 0.02 && kl < easyKl, entropyShare > 0.05 || kl > livelyKl)
  },
  message: ({ entropyShare = 0, kl = 0, prototypes, centreNorm }) =>
    `One of the ${prototypes} prototypes takes every picture (entropy ${percent(entropyShare)} of its maximum, KL to the student ${short(kl)}${centreNorm === undefined ? '' : `, centre norm ${short(centreNorm)}`}).`,
  advice:
    'Centring is too weak against sharpening. Check that centring is on and let it follow faster (centre momentum 0.9 or lower), or use Sinkhorn-Knopp; raise the teacher temperature a little (0.04 to 0.07, with warm-up); lower the learning rate; keep the last layer frozen longer. Go back to a checkpoint from before this step.',
}

const oneDirection: Symptom = {
  name: 'one direction',
  code: 'dominant-dimension',
  patience: measurements,
  judge: ({ largestShare }) => (largestShare === undefined ? undefined : between(largestShare > 0.9, largestShare < 0.8)),
  message: ({ largestShare = 0, effectiveRank }) =>
    `The features lie along one direction, which holds ${percent(largestShare)} of their strength${effectiveRank === undefined ? '' : ` (effective rank ${short(effectiveRank)})`}.`,
  advice:
    'Lower the learning rate, check centring (momentum 0.9) and weight decay, and with DINOv2 raise the weight of KoLeo, which pushes features apart. If the numbers do not turn within an epoch, go back to an earlier checkpoint.',
}

/** Below this the rank of a young or tiny model comes and goes by itself. */
const notableRank = 4

const rankFalling: Symptom = {
  name: 'rank falling',
  code: 'rank-falling',
  patience: measurements,
  judge: ({ effectiveRank, highestRank }) => {
    if (effectiveRank === undefined || highestRank === undefined || highestRank < notableRank) return undefined
    return between(effectiveRank < 0.5 * highestRank, effectiveRank > 0.65 * highestRank)
  },
  message: ({ effectiveRank = 0, highestRank = 0 }) => `The effective rank of the features has fallen to ${short(effectiveRank)} from ${short(highestRank)}: they use ever fewer dimensions.`,
  advice:
    'Features that lose rank do worse on new tasks even while the loss falls (RankMe). Take the best checkpoint rather than the newest; lower the learning rate, raise the teacher momentum, take a larger batch or more local crops; with DINOv2 raise the weight of KoLeo.',
}

/**
 * A teacher that becomes less sure (its temperature rises, by recipe) raises the loss, which is entropy + KL, without any
 * harm; so KL has to rise too. A twentieth of log K is far outside the noise of a smoothed loss.
 */
const lossRising: Symptom = {
  name: 'loss rising',
  code: 'loss-rising',
  patience: 4 * steps,
  judge: ({ loss, lowestLoss, kl, klAtLowest, prototypes }) => {
    if (loss === undefined || lowestLoss === undefined) return undefined
    const notable = Math.log(prototypes) / 20
    const klRise = kl === undefined || klAtLowest === undefined ? Infinity : kl - klAtLowest
    const rise = Math.min(loss - lowestLoss, 2 * klRise)
    return between(rise > notable, rise < notable / 2)
  },
  message: ({ loss = 0, lowestLoss = 0 }) => `The loss has risen to ${short(loss)} from ${short(lowestLoss)} and stays there, and not because the teacher became less sure.`,
  advice:
    'The student no longer follows its teacher. Lower the learning rate, keep gradient clipping on, raise the teacher momentum, or take a larger batch. Weights that began pretrained want a learning rate ten to a hundred times below that of scratch.',
}

/** In the order in which they are told. */
export const symptoms: readonly Symptom[] = [uniformOutput, sameFeatures, onePrototype, oneDirection, rankFalling, lossRising]
