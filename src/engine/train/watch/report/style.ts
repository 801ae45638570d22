/** @file The look of the report: one style sheet for light, dark and paper. */

const light = `--ground:#f4f5f6;--surface:#fff;--line:rgb(16 24 32/11%);--text:#15181c;--soft:#464d57;--faint:#5c6470;--accent:#0a7568;--accent-soft:rgb(11 125 111/9%);--warn:#855600;--warn-soft:rgb(190 130 10/11%);--c0:#0a7568;--c1:#b4541a;--c2:#4459c4;--c3:#a03a86;--c4:#6b7280`
const dark = `--ground:#0d0e10;--surface:#16181b;--line:rgb(255 255 255/9%);--text:#e8eaed;--soft:#aab0b9;--faint:#9097a2;--accent:#5fd0bf;--accent-soft:rgb(95 208 191/12%);--warn:#e9b863;--warn-soft:rgb(233 184 99/11%);--c0:#5fd0bf;--c1:#f0a068;--c2:#8ea2ff;--c3:#e08bc9;--c4:#9aa2ad`

const curves = [0, 1, 2, 3, 4].map((index) => `.c${index}{stroke:var(--c${index})}.swatch.c${index}{background:var(--c${index})}circle.c${index}{fill:var(--c${index})}`).join('')

/** Minified by hand where it does not hurt; goes into the page as it is. */
export const reportStyle = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.55 -apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Inter,Cantarell,Ubuntu,'Noto Sans','Liberation Sans',Arial,sans-serif;-webkit-font-smoothing:antialiased}
main{max-width:1120px;margin:0 auto;padding:56px 28px 80px}
h1,h2,h3,p,ul,ol,dl,dd,figure,pre{margin:0;padding:0}
h1{font-size:34px;line-height:1.2;font-weight:650;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:20px;font-weight:620;letter-spacing:-.01em;margin:56px 0 14px}
h2+.lead{margin:-10px 0 18px}
h3{font-size:14px;font-weight:620}
.lead{color:var(--soft);max-width:72ch}
.eyebrow{color:var(--accent);font-size:12px;font-weight:620;letter-spacing:.08em;text-transform:uppercase;margin-bottom:10px}
header .lead{font-size:17px;margin-top:12px}
code,pre{font:12.5px/1.5 ui-monospace,'SF Mono','Cascadia Mono','Roboto Mono','DejaVu Sans Mono',monospace}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(158px,1fr));gap:12px;margin-top:32px}
.tile,.chart,.card{background:var(--surface);border:1px solid var(--line);border-radius:12px}
.tile{padding:16px 18px}
.tile dt{color:var(--faint);font-size:12.5px}
.tile dd{font-size:25px;font-weight:620;letter-spacing:-.02em;font-variant-numeric:tabular-nums;margin-top:2px}
.tile small{display:block;color:var(--soft);font-size:12.5px;margin-top:2px;font-variant-numeric:tabular-nums}
.tile.first{background:var(--accent-soft);border-color:transparent}
.tile.first dd{color:var(--accent)}
.probes{display:grid;gap:14px}
.probe{padding:16px 18px 18px}
.probe h3{margin-bottom:10px;overflow-wrap:anywhere}
.strip{display:grid;grid-template-columns:1.15fr minmax(0,5fr);gap:14px;align-items:center}
.moments{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);gap:6px}
.moments div{display:grid;gap:6px;text-align:center}
.strip img{display:block;width:100%;border-radius:6px;background:var(--ground)}
.moments img,.small{image-rendering:pixelated}
.moments span{color:var(--faint);font-size:11.5px;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:12px}
.chart{padding:16px 18px 10px;display:flex;flex-direction:column;justify-content:space-between}
.chart p{color:var(--faint);font-size:12.5px;margin-top:1px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin-top:8px;font-size:12.5px;color:var(--soft)}
.legend b{color:var(--text);font-weight:600;font-variant-numeric:tabular-nums}
.swatch{display:inline-block;width:12px;height:3px;border-radius:2px;margin-right:6px;vertical-align:middle}
.chart svg{width:100%;height:auto;display:block;margin-top:8px}
svg text{fill:var(--faint);font-size:10.5px;font-variant-numeric:tabular-nums}
svg .named{fill:var(--soft)}
.grid{stroke:var(--line)}.axis{stroke:var(--faint);opacity:.5}
.reference{stroke:var(--soft);stroke-dasharray:3 4;fill:none}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.line.raw{opacity:.3;stroke-width:1}
${curves}
.warnings{display:grid;gap:10px;list-style:none}
.warning{background:var(--warn-soft);border-radius:12px;padding:14px 18px}
.warning b{color:var(--warn)}
.warning p+p{color:var(--soft);margin-top:4px}
.next{display:grid;gap:10px;counter-reset:next;list-style:none}
.next li{counter-increment:next;position:relative;padding:14px 18px 14px 56px}
.next li::before{content:counter(next);position:absolute;left:18px;top:15px;width:23px;height:23px;border-radius:50%;background:var(--accent-soft);color:var(--accent);font-size:12.5px;font-weight:620;line-height:23px;text-align:center}
.next p{color:var(--soft);max-width:80ch}
.next code{display:inline-block;margin-top:7px;padding:3px 9px;border-radius:6px;background:var(--ground);overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:0 40px}
.facts div{display:flex;justify-content:space-between;gap:20px;padding:8px 0;border-bottom:1px solid var(--line)}
.facts dt{color:var(--faint);white-space:nowrap}
.facts dd{text-align:right;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
details{margin-top:18px}
summary{cursor:pointer;color:var(--soft);font-weight:600}
details pre,details ul{margin-top:10px;padding:14px 18px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;color:var(--soft);max-height:480px;list-style:none}
footer{margin-top:64px;color:var(--faint);font-size:12.5px}
@media (max-width:640px){main{padding:32px 16px 48px}h1{font-size:27px}.strip{grid-template-columns:1fr}.strip>img{max-width:160px}}
@media print{:root{color-scheme:light;${light};--ground:#fff}body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}h2{margin-top:28px;break-after:avoid}.lead{break-after:avoid}.tile,.chart,.probe,.warning,.next li{break-inside:avoid}.tiles{grid-template-columns:repeat(3,1fr)}.charts{grid-template-columns:1fr 1fr}.facts{grid-template-columns:1fr 1fr}details pre,details ul{max-height:none}}
`
