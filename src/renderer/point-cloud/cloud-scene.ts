/** @file The cloud on its canvas: all points in one draw call, the pictures of those that are near in a second; drawn only when something has changed. */
import { BufferAttribute, BufferGeometry, Color, ColorManagement, LinearFilter, LinearSRGBColorSpace, Matrix4, Points, Scene, ShaderMaterial, Texture, WebGLRenderer } from 'three'
import { ballAround, createCloudCamera, type CloudCamera } from './cloud-camera'
import { pictureFragment, pictureVertex, pointFragment, pointVertex } from './cloud-shader'

/** More device pixels cost a slow graphics card more than they show. */
const maxPixelRatio = 2
/** From about where a fitted cloud, whose longest extent is 2, is seen. */
const fittedDistance = 2.6
// Nothing here is lit: colours go to the screen as they are.
ColorManagement.enabled = false

export interface CloudOptions {
  /** Before each frame that is drawn because the eye moved or the points are others. */
  onMoved(): void
  /** The graphics card was lost or came back; drawing goes on by itself. */
  onLost(lost: boolean): void
}

export interface CloudScene {
  /** Shows other points, float32 [points, dims], and looks at all of them. */
  setPoints(coordinates: Float32Array, dims: 2 | 3): void
  /** Red, green, blue and `pointState` bits of each point, uint8 [points, 4]; kept, not copied. */
  setTints(tints: Uint8Array): void
  /** Puts pictures of the atlas on points: `slot` says which, `dim` that its point is dimmed. The last lies on top. */
  setPictures(pictures: readonly { readonly point: number; readonly slot: number; readonly dim: boolean }[]): void
  /** Columns of the square atlas, and its canvas; called again whenever it was drawn on. */
  setAtlas(canvas: HTMLCanvasElement, columns: number): void
  /** CSS pixels of a point when all are fitted, and of a picture. */
  setSizes(point: number, picture: number): void
  /** What is behind the points, and what dimmed ones fade to. */
  setColours(ground: string, dimmed: string): void
  resize(width: number, height: number): void
  /** Projection × view, column by column. */
  matrix(): ArrayLike<number>
  /** Flies to some points, or to all. */
  flyTo(points?: ArrayLike<number>): void
  zoomBy(factor: number): void
  setNavigating(navigating: boolean): void
  /** What is seen, as PNG. @throws Error when the browser cannot encode it */
  picture(): Promise<Blob>
  dispose(): void
}

/** @throws Error when the browser gives no WebGL */
export function createCloudScene(canvas: HTMLCanvasElement, { onMoved, onLost }: CloudOptions): CloudScene {
  const renderer = new WebGLRenderer({ canvas, antialias: false, powerPreference: 'high-performance' })
  renderer.outputColorSpace = LinearSRGBColorSpace
  renderer.setPixelRatio(Math.min(maxPixelRatio, window.devicePixelRatio))
  const scene = new Scene()
  const faded = { value: new Color() }
  const uniforms = { size: { value: 4 }, perspective: { value: 1 }, faded }
  const texture = new Texture()
  texture.minFilter = LinearFilter
  texture.magFilter = LinearFilter
  texture.generateMipmaps = false
  texture.flipY = false
  const pictureUniforms = { size: { value: 48 }, perspective: { value: 1 }, faded, atlas: { value: texture }, columns: { value: 1 } }
  const points = new Points(new BufferGeometry(), new ShaderMaterial({ vertexShader: pointVertex, fragmentShader: pointFragment, uniforms }))
  const pictures = new Points(new BufferGeometry(), new ShaderMaterial({ vertexShader: pictureVertex, fragmentShader: pictureFragment, uniforms: pictureUniforms }))
  points.frustumCulled = false
  pictures.frustumCulled = false
  scene.add(points, pictures)

  let coordinates: Float32Array = new Float32Array()
  let dims: 2 | 3 = 3
  let sizes = { point: 5, picture: 48 }
  let width = 1
  let height = 1
  let frame: number | undefined
  let hasMoved = true
  let isNavigating = true

  const request = (): void => {
    frame ??= requestAnimationFrame(draw)
  }
  const moved = (): void => {
    hasMoved = true
    request()
  }
  let eye: CloudCamera = createCloudCamera(canvas, dims, moved)

  const draw = (): void => {
    frame = undefined
    if (eye.step()) moved()
    if (hasMoved) onMoved()
    hasMoved = false
    const pixels = renderer.getPixelRatio()
    const fitted = dims === 3 ? fittedDistance : Math.min(3, Math.sqrt(eye.magnification()))
    uniforms.size.value = sizes.point * pixels * fitted
    pictureUniforms.size.value = sizes.picture * pixels * fitted
    renderer.render(scene, eye.camera)
  }

  const lost = (event: Event): void => {
    event.preventDefault()
    onLost(true)
  }
  const back = (): void => {
    onLost(false)
    request()
  }
  canvas.addEventListener('webglcontextlost', lost)
  canvas.addEventListener('webglcontextrestored', back)

  const spread = (chosen?: readonly number[]): Float32Array => {
    const count = chosen?.length ?? coordinates.length / dims
    const placed = new Float32Array(3 * count)
    for (let index = 0; index < count; index++) {
      const start = (chosen?.[index] ?? index) * dims
      for (let axis = 0; axis < dims; axis++) placed[3 * index + axis] = coordinates[start + axis]!
    }
    return placed
  }

  return {
    setPoints: (others, otherDims) => {
      coordinates = others
      if (otherDims !== dims) {
        dims = otherDims
        eye.dispose()
        eye = createCloudCamera(canvas, dims, moved)
        eye.setNavigating(isNavigating)
      }
      eye.resize(width, height)
      for (const each of [uniforms, pictureUniforms]) each.perspective.value = dims === 3 ? 1 : 0
      points.geometry.dispose()
      points.geometry = new BufferGeometry().setAttribute('position', new BufferAttribute(spread(), 3))
      pictures.geometry.dispose()
      pictures.geometry = new BufferGeometry()
      eye.lookAt(ballAround(coordinates, dims), false)
      moved()
    },
    setTints: (tints) => {
      points.geometry.setAttribute('tint', new BufferAttribute(tints, 4, true))
      request()
    },
    setPictures: (shown) => {
      pictures.geometry.dispose()
      pictures.geometry = new BufferGeometry()
        .setAttribute('position', new BufferAttribute(spread(shown.map(({ point }) => point)), 3))
        .setAttribute('slot', new BufferAttribute(Float32Array.from(shown, ({ slot }) => slot), 1))
        .setAttribute('dim', new BufferAttribute(Float32Array.from(shown, ({ dim }) => Number(dim)), 1))
      request()
    },
    setAtlas: (atlas, columns) => {
      texture.image = atlas
      texture.needsUpdate = true
      pictureUniforms.columns.value = columns
      request()
    },
    setSizes: (point, picture) => {
      sizes = { point, picture }
      request()
    },
    setColours: (ground, dimmed) => {
      scene.background = new Color(ground)
      faded.value = new Color(dimmed)
      request()
    },
    resize: (nextWidth, nextHeight) => {
      width = Math.max(1, nextWidth)
      height = Math.max(1, nextHeight)
      renderer.setSize(width, height, false)
      eye.resize(width, height)
      moved()
    },
    matrix: () => {
      eye.camera.updateMatrixWorld()
      return new Matrix4().multiplyMatrices(eye.camera.projectionMatrix, eye.camera.matrixWorldInverse).elements
    },
    flyTo: (chosen) => {
      eye.lookAt(ballAround(coordinates, dims, chosen), true)
      moved()
    },
    zoomBy: (factor) => {
      eye.zoomBy(factor)
    },
    setNavigating: (navigating) => {
      isNavigating = navigating
      eye.setNavigating(navigating)
    },
    picture: () =>
      new Promise((resolve, reject) => {
        // The buffer holds the picture until the browser has shown it.
        renderer.render(scene, eye.camera)
        canvas.toBlob((blob) => {
          if (blob === null) reject(new Error('the browser could not encode the map as PNG'))
          else resolve(blob)
        }, 'image/png')
      }),
    dispose: () => {
      if (frame !== undefined) cancelAnimationFrame(frame)
      canvas.removeEventListener('webglcontextlost', lost)
      canvas.removeEventListener('webglcontextrestored', back)
      eye.dispose()
      points.geometry.dispose()
      points.material.dispose()
      pictures.geometry.dispose()
      pictures.material.dispose()
      texture.dispose()
      renderer.dispose()
    },
  }
}
