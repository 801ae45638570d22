/** @file The state of an unpickling: cursor, stack, marks, memo, and the limits on each. */
import { EngineError } from '../../contract'
import { kindOf, weightOf, type EncodedBytes, type PickleValue, type StorageReference } from './pickle-values'

/** Far above what the largest training checkpoint needs, far below what would hurt. */
export const pickleLimits = {
  operations: 2_000_000,
  stack: 100_000,
  marks: 1_000,
  memo: 250_000,
  containers: 250_000,
  stringBytes: 2 ** 20,
  nameBytes: 256,
  /** Values of the result written out, shared ones counted each time. */
  expanded: 10_000_000,
} as const

/** The machine that runs the opcodes. It can hold data; it cannot call anything. */
export class PickleMachine {
  readonly path: string
  readonly bytes: Buffer
  /** Storages by key. */
  readonly storages = new Map<string, StorageReference>()
  readonly encoded: EncodedBytes[] = []
  position: number
  /** The opcode being run, for messages. */
  operation = 'start'
  private operationStart: number
  private readonly stack: PickleValue[] = []
  private readonly marks: number[] = []
  private readonly memo = new Map<number, PickleValue>()
  private operations = 0
  private containers = 0

  constructor(path: string, bytes: Buffer, position: number) {
    this.path = path
    this.bytes = bytes
    this.position = position
    this.operationStart = position
  }

  /** The next opcode. */
  next(): number {
    this.operationStart = this.position
    this.operations++
    if (this.operations > pickleLimits.operations) throw this.limit(`more than ${pickleLimits.operations} operations`)
    // Not through take, which makes an object: this runs millions of times.
    const byte = this.bytes[this.position]
    if (byte === undefined) throw this.error('PICKLE_OPCODE', 'is followed by nothing; STOP was expected', true)
    this.position++
    return byte
  }

  /** The next `length` bytes of the stream. */
  take(length: number): Buffer {
    const end = this.position + length
    if (end > this.bytes.length) throw this.error('PICKLE_OPCODE', `needs ${length} bytes, ${this.bytes.length - this.position} are left`, true)
    this.position = end
    return this.bytes.subarray(end - length, end)
  }

  /** `length` bytes of text. */
  takeText(length: number, encoding: 'utf-8' | 'latin1'): string {
    if (length > pickleLimits.stringBytes) throw this.limit(`a string of ${length} bytes`)
    const bytes = this.take(length)
    return encoding === 'utf-8' ? bytes.toString('utf8') : bytes.toString('latin1')
  }

  /** Text up to the next newline. */
  takeLine(): string {
    const end = this.bytes.subarray(this.position, this.position + pickleLimits.nameBytes).indexOf(0x0a)
    if (end < 0) {
      const truncated = this.position + pickleLimits.nameBytes > this.bytes.length
      throw this.error('PICKLE_LIMIT', `asks for a name of more than ${pickleLimits.nameBytes} bytes, or one that does not end`, truncated)
    }
    const text = this.take(end).toString('utf8')
    this.position++
    return text
  }

  push(value: PickleValue): void {
    if (this.stack.length >= pickleLimits.stack) throw this.limit(`more than ${pickleLimits.stack} values on the stack`)
    this.stack.push(value)
  }

  /** Pushes a new container, which counts towards a limit of its own. */
  pushContainer(value: PickleValue): void {
    this.containers++
    if (this.containers > pickleLimits.containers) throw this.limit(`more than ${pickleLimits.containers} containers`)
    this.push(value)
  }

  pop(): PickleValue {
    const value = this.stack.length > (this.marks.at(-1) ?? 0) ? this.stack.pop() : undefined
    if (value === undefined) throw this.invalid('finds the stack empty')
    return value
  }

  top(): PickleValue {
    const value = this.stack.length > (this.marks.at(-1) ?? 0) ? this.stack.at(-1) : undefined
    if (value === undefined) throw this.invalid('finds the stack empty')
    return value
  }

  mark(): void {
    if (this.marks.length >= pickleLimits.marks) throw this.limit(`more than ${pickleLimits.marks} nested marks`)
    this.marks.push(this.stack.length)
  }

  /** Takes everything above the last mark off the stack. */
  popToMark(): PickleValue[] {
    const start = this.marks.pop()
    if (start === undefined) throw this.invalid('finds no mark')
    return this.stack.splice(start)
  }

  remember(index: number): void {
    if (!this.memo.has(index) && this.memo.size >= pickleLimits.memo) throw this.limit(`more than ${pickleLimits.memo} remembered values`)
    this.memo.set(index, this.top())
  }

  recall(index: number): void {
    const value = this.memo.get(index)
    if (value === undefined) throw this.invalid(`recalls ${index}, which was not remembered`)
    this.push(value)
  }

  /** The weight of a container with these items, against the limit. */
  weigh(start: number, items: readonly PickleValue[]): number {
    const weight = items.reduce<number>((sum, item) => sum + weightOf(item), start)
    if (weight > pickleLimits.expanded) throw this.limit(`a value of more than ${pickleLimits.expanded} parts`)
    return weight
  }

  /** The one value that must be left at the end. */
  result(): PickleValue {
    const value = this.pop()
    if (this.stack.length > 0 || this.marks.length > 0) throw this.invalid(`leaves ${this.stack.length} values on the stack`)
    return value
  }

  /** What the opcode cannot work on. */
  unexpected(value: PickleValue | undefined, expected: string): EngineError {
    return this.invalid(`is given ${kindOf(value)}; ${expected} was expected`)
  }

  invalid(what: string): EngineError {
    return this.error('PICKLE_OPCODE', what)
  }

  limit(what: string): EngineError {
    return this.error('PICKLE_LIMIT', `asks for ${what}`)
  }

  private error(code: 'PICKLE_OPCODE' | 'PICKLE_LIMIT', what: string, truncated = false): EngineError {
    return new EngineError(code, `${this.path}: the pickle's ${this.operation} at byte ${this.operationStart} ${what}`, {
      detail: { path: this.path, opcode: this.operation, position: this.operationStart, truncated },
    })
  }
}
