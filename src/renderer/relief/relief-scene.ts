/** @file A picture lifted by its depth, to be looked at from all sides. Knows three.js, not Vue. */
import { Mesh, MeshBasicMaterial, PerspectiveCamera, PlaneGeometry, Scene, SRGBColorSpace, Texture, WebGLRenderer, type BufferAttribute } from 'three'
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js'

export interface ReliefScene {
  /** Shows a field as heights: what is near lies high. @param field float32 [height, width] */
  setField(field: Float32Array, height: number, width: number): void
  /** What lies on it: the picture, or colours. */
  setPicture(picture: HTMLImageElement | HTMLCanvasElement): void
  /** How much higher the nearest lies than the farthest, as a share of the longer edge. */
  setLift(lift: number): void
  resize(width: number, height: number): void
  reset(): void
  dispose(): void
}

/** Cells along the longer edge: enough for any head, and drawn by slow graphics too. */
const mostCells = 256
const maxPixelRatio = 2
/** From there a square picture is seen whole. */
const start = [0.57, -0.96, 1.72] as const

/** Heights of the corners of a mesh, 0 farthest and 1 nearest, float32 [rows + 1, columns + 1]. */
export function reliefHeights(field: Float32Array, height: number, width: number, rows: number, columns: number): Float32Array {
  let [low, high] = [Infinity, -Infinity]
  for (const value of field) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const heights = new Float32Array((rows + 1) * (columns + 1))
  for (let row = 0; row <= rows; row++)
    for (let column = 0; column <= columns; column++) {
      const y = Math.min(height - 1, Math.round((row * (height - 1)) / rows))
      const x = Math.min(width - 1, Math.round((column * (width - 1)) / columns))
      heights[row * (columns + 1) + column] = high > low ? (high - field[y * width + x]!) / (high - low) : 0
    }
  return heights
}

/** @throws Error when the browser gives no WebGL */
export function createReliefScene(canvas: HTMLCanvasElement): ReliefScene {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true })
  renderer.setPixelRatio(Math.min(maxPixelRatio, window.devicePixelRatio))
  const scene = new Scene()
  const camera = new PerspectiveCamera(40, 1, 0.01, 20)
  const controls = new OrbitControls(camera, canvas)
  controls.enableDamping = true
  const material = new MeshBasicMaterial({ color: 0xffffff })
  const mesh = new Mesh(new PlaneGeometry(1, 1), material)
  scene.add(mesh)
  let heights: Float32Array = new Float32Array()
  let lift = 0.35
  let frame: number | undefined

  const draw = (): void => {
    frame = undefined
    const moves = controls.update()
    renderer.render(scene, camera)
    if (moves) request()
  }
  const request = (): void => {
    frame ??= requestAnimationFrame(draw)
  }
  controls.addEventListener('change', request)

  const raise = (): void => {
    const places = mesh.geometry.getAttribute('position') as BufferAttribute
    heights.forEach((height, corner) => places.setZ(corner, lift * (height - 0.5)))
    places.needsUpdate = true
    request()
  }
  const reset = (): void => {
    controls.target.set(0, 0, 0)
    camera.position.set(...start)
    request()
  }
  reset()
  return {
    setField: (field, height, width) => {
      const scale = Math.min(1, mostCells / Math.max(height, width))
      const [rows, columns] = [Math.max(1, Math.round(height * scale) - 1), Math.max(1, Math.round(width * scale) - 1)]
      const longest = Math.max(height, width)
      mesh.geometry.dispose()
      mesh.geometry = new PlaneGeometry(width / longest, height / longest, columns, rows)
      heights = reliefHeights(field, height, width, rows, columns)
      raise()
    },
    setPicture: (picture) => {
      material.map?.dispose()
      const texture = new Texture(picture)
      texture.colorSpace = SRGBColorSpace
      texture.needsUpdate = true
      material.map = texture
      material.needsUpdate = true
      request()
    },
    setLift: (next) => {
      lift = next
      raise()
    },
    resize: (width, height) => {
      renderer.setSize(width, height, false)
      camera.aspect = width / Math.max(1, height)
      camera.updateProjectionMatrix()
      request()
    },
    reset,
    dispose: () => {
      if (frame !== undefined) cancelAnimationFrame(frame)
      controls.dispose()
      material.map?.dispose()
      material.dispose()
      mesh.geometry.dispose()
      renderer.dispose()
    },
  }
}
