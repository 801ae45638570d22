/** @file How points and the pictures on them are drawn: one program for all points, one for the pictures that are near. */

/** State bits of a point, in the alpha byte of its colour. */
export const pointState = { selected: 1, dimmed: 2, hidden: 4 } as const

const placement = /* glsl */ `
uniform float size;      // device pixels of a point at distance 1, or at zoom 1
uniform float perspective; // 1 where points shrink with distance
vec4 place(vec3 at, float scale) {
  vec4 eye = modelViewMatrix * vec4(at, 1.0);
  float shrink = perspective > 0.5 ? 1.0 / max(0.05, -eye.z) : 1.0;
  gl_PointSize = max(2.0, size * scale * shrink);
  return projectionMatrix * eye;
}
`

export const pointVertex = /* glsl */ `
attribute vec4 tint; // red, green, blue, state as bytes 0..1
varying vec3 colour;
varying float dimmed;
varying float chosen;
${placement}
void main() {
  int state = int(tint.a * 255.0 + 0.5);
  bool hidden = (state / 4) - 2 * (state / 8) == 1;
  chosen = float(state - 2 * (state / 2));
  dimmed = float((state / 2) - 2 * (state / 4));
  colour = tint.rgb;
  gl_Position = hidden ? vec4(2.0, 2.0, 2.0, 1.0) : place(position, chosen > 0.5 ? 1.35 : dimmed > 0.5 ? 0.8 : 1.0);
}
`

export const pointFragment = /* glsl */ `
uniform vec3 faded; // what dimmed points fade to
varying vec3 colour;
varying float dimmed;
varying float chosen;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0;
  if (far > 1.0) discard;
  vec3 shown = dimmed > 0.5 ? mix(colour, faded, 0.82) : colour;
  // A darker rim keeps neighbours of one colour apart.
  gl_FragColor = vec4(shown * (far > 0.78 ? (chosen > 0.5 ? 1.0 : 0.72) : 1.0), 1.0);
}
`

export const pictureVertex = /* glsl */ `
attribute float slot;
attribute float dim;
uniform float columns;
varying vec2 corner;
varying float dimmed;
${placement}
void main() {
  corner = vec2(mod(slot, columns), floor(slot / columns)) / columns;
  dimmed = dim;
  gl_Position = place(position, 1.0);
}
`

export const pictureFragment = /* glsl */ `
uniform sampler2D atlas;
uniform float columns;
uniform vec3 faded;
varying vec2 corner;
varying float dimmed;
void main() {
  vec4 texel = texture2D(atlas, corner + gl_PointCoord / columns);
  if (texel.a < 0.5) discard;
  gl_FragColor = vec4(dimmed > 0.5 ? mix(texel.rgb, faded, 0.75) : texel.rgb, 1.0);
}
`
