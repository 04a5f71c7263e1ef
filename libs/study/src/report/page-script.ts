/**
 * What the page does besides being read: the legend shows, hides and picks out arms; the pointer or the arrow keys
 * show a chart's values. Without it everything is still there.
 */
export const pageScript = `
const round = (value) => Number(value.toPrecision(4));
const lines = [...document.querySelectorAll('.line')];
const buttons = [...document.querySelectorAll('.arms button[data-arm]')];
document.querySelector('.arms .all').addEventListener('click', () => {
  const hidden = buttons.filter((button) => button.getAttribute('aria-pressed') === 'false');
  for (const button of hidden.length > 0 ? hidden : buttons) button.click();
});
for (const button of buttons) {
  const key = button.dataset.arm;
  const own = document.querySelectorAll('[data-arm-key="' + key + '"], .by-arm .line[data-key="' + key + '"]');
  button.addEventListener('click', () => {
    const isShown = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', isShown);
    for (const part of own) part.classList.toggle('hidden', !isShown);
  });
  const pick = (isPicked) => {
    for (const line of lines) {
      if (line.closest('.by-arm')) line.classList.toggle('dim', isPicked && line.dataset.key !== key);
    }
  };
  button.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && pick(true));
  button.addEventListener('pointerleave', () => pick(false));
  button.addEventListener('focus', () => button.matches(':focus-visible') && pick(true));
  button.addEventListener('blur', () => pick(false));
}
for (const svg of document.querySelectorAll('svg[data-frame]')) {
  const [left, right, top, bottom] = JSON.parse(svg.dataset.frame);
  const [low, high, kind] = JSON.parse(svg.dataset.x);
  const names = svg.dataset.names && JSON.parse(svg.dataset.names);
  const warp = kind === 'log' ? Math.log : (value) => value;
  const cursor = svg.querySelector('.cursor'), figure = svg.closest('figure');
  const curves = [...svg.querySelectorAll('.line')].map((line) => ({
    line, points: line.dataset.points.split(';').map((point) => point.split(',').map(Number)),
  }));
  const xs = [...new Set(curves.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const place = (x) => left + (warp(x) - warp(low)) / (warp(high) - warp(low)) * (right - left);
  const tip = document.createElement('div');
  tip.className = 'tip hidden';
  tip.setAttribute('role', 'status');
  figure.append(tip);
  let at = -1;
  const show = (index) => {
    at = index;
    const x = xs[at];
    cursor.setAttribute('d', 'M' + place(x) + ' ' + top + 'V' + bottom);
    const shown = curves.filter(({ line }) => !line.classList.contains('hidden')).flatMap(({ line, points }) => {
      const point = points.find((one) => one[0] === x);
      return point ? [{ line, point }] : [];
    }).sort((a, b) => b.point[1] - a.point[1]);
    const head = document.createElement('b');
    head.textContent = names ? names[x] : round(x);
    const rows = shown.map(({ line, point: [, y, min, max] }) => {
      const row = document.createElement('div');
      row.innerHTML = '<svg class="swatch ' + line.getAttribute('class').replace('line', '') + '" viewBox="0 0 28 10"><path class="curve" d="M0 5h28"/></svg><span></span>';
      row.lastChild.textContent = line.dataset.title + ': ' + round(y) + (max > min ? ' (' + round(min) + ' to ' + round(max) + ')' : '');
      return row;
    });
    tip.replaceChildren(head, ...rows);
    tip.classList.remove('hidden');
    const box = svg.getBoundingClientRect(), frame = figure.getBoundingClientRect();
    const px = box.left - frame.left + place(x) / svg.viewBox.baseVal.width * box.width;
    const isRight = px > frame.width / 2;
    tip.style.left = isRight ? '' : px + 12 + 'px';
    tip.style.right = isRight ? frame.width - px + 12 + 'px' : '';
    tip.style.top = box.top - frame.top + 8 + 'px';
  };
  const hide = () => { at = -1; tip.classList.add('hidden'); cursor.setAttribute('d', 'M-9 0'); };
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const to = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const nearest = xs.reduce((best, x, i) => Math.abs(place(x) - to) < Math.abs(place(xs[best]) - to) ? i : best, 0);
    if (nearest !== at) show(nearest);
  });
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide();
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(Math.min(Math.max(at + step, 0), xs.length - 1));
  });
  svg.setAttribute('tabindex', '0');
}
`;
