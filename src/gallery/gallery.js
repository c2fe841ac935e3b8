'use strict';
// The gallery. Samples come in columns (see index.rs); a picture is asked for when its cell comes into sight.
(() => {
  const at = id => document.getElementById(id);
  const embedded = at('index');
  // Where pictures and details come from: this file (a report), or the server of `augmint view`. Addresses are relative,
  // so that a path prefix and a forwarded port work.
  const json = async address => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const source = embedded ? {
    index: async () => JSON.parse(embedded.textContent),
    thumbnails: null,
    thumbnail(place) {
      this.thumbnails ??= JSON.parse(at('thumbnails').textContent);
      return this.thumbnails[place] && 'data:image/jpeg;base64,' + this.thumbnails[place];
    },
    detail: async place => JSON.parse(at('s' + place).textContent),
  } : {
    index: () => json('index.json'),
    thumbnail: place => `thumbnail/${index.key[place]}?v=${version()}`,
    async detail(place) {
      const key = index.key[place], detail = await json(`detail/${key}?v=${version()}`);
      detail.full = `image/${key}?v=${version()}`;
      detail.pictures = detail.stages.map((_, stage) => `stage/${key}/${stage}?v=${version()}`);
      return detail;
    },
  };
  const version = () => (index.digest ?? '').slice(7, 19);

  let index, shown = [], current = 0;
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const option = (value, text) => element('option', { value, textContent: text });

  const start = async () => {
    index = await source.index();
    const counts = (names, column) => {
      const count = new Uint32Array(names.length);
      for (const value of column) count[value]++;
      return names.map((name, place) => [place, name, count[place]]).filter(([, , count]) => count > 0);
    };
    const fill = (select, rows) => select.replaceChildren(option('', 'all'),
      ...rows.map(([value, name, count]) => option(value, `${name} (${count})`)));
    fill(at('class'), counts(index.classes, index.class));
    fill(at('set'), counts(index.sets, index.set));
    const list = step => step.of === 'validation' ? ' (noisy validation)' : '';
    fill(at('step'), index.steps.map((step, place) => [place, step.id + list(step), step.on.length]));
    at('step').append(option('none', 'no step at all'));
    const count = op => anyOn(stepsOf(op)).reduce((sum, on) => sum + on, 0);
    const offered = ops().map(op => option('op:' + op, `${op} (${count(op)})`));
    if (offered.length) at('step').append(element('optgroup', { label: 'op' }, ...offered));
    parameters();
    remembered();
    filter();
  };

  // What is filtered for stands in the address, so that a look can be passed on. A field stands behind what
  // decides its choices.
  const fields = ['class', 'set', 'step', 'param', 'low', 'high', 'order'];
  const remembered = () => {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const name of fields) if (kept.has(name)) { at(name).value = kept.get(name); follow(name); }
  };
  const remember = () => {
    const set = fields.filter(name => at(name).value !== '').map(name => [name, at(name).value]);
    history.replaceState(null, '', '#' + new URLSearchParams(set));
  };

  // Ops that are something else to ask for than a step: several steps have one, or their step has a name of its own.
  const stepsOf = op => index.steps.filter(step => step.op === op);
  const ops = () => [...new Set(index.steps.map(step => step.op))]
    .filter(op => op !== '' && (stepsOf(op).length > 1 || stepsOf(op)[0].id !== op));
  // 1 for each sample that any of these steps was on for.
  const anyOn = steps => {
    const on = new Uint8Array(index.key.length);
    for (const step of steps) for (const place of step.on) on[place] = 1;
    return on;
  };

  const step = () => index.steps[at('step').value];
  const param = () => step()?.params[at('param').value];
  const parameters = () => {
    const params = step()?.params ?? [];
    at('param').replaceChildren(...params.map((param, place) => option(place, param.name + (param.unit && ` (${param.unit})`))));
    for (const id of ['param', 'low', 'high']) at(id).disabled = params.length === 0;
    range();
  };
  const range = () => {
    const values = param()?.values.filter(value => value !== null) ?? [];
    let low = Infinity, high = -Infinity;
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    const text = value => Number.isFinite(value) ? String(value) : '';
    at('low').value = at('high').value = '';
    at('low').placeholder = text(low);
    at('high').placeholder = text(high);
  };
  // What has to be anew after a field is another one: a step has its parameters, a parameter its range.
  const follow = name => {
    if (name === 'step') parameters();
    if (name === 'param') range();
  };

  const filter = () => {
    const [wantedClass, wantedSet, wantedStep] = ['class', 'set', 'step'].map(id => at(id).value);
    const strengths = new Map();
    let places;
    if (wantedStep === 'none') {
      const on = anyOn(index.steps);
      places = index.key.map((_, place) => place).filter(place => !on[place]);
    } else if (wantedStep.startsWith('op:')) {
      const on = anyOn(stepsOf(wantedStep.slice(3)));
      places = index.key.map((_, place) => place).filter(place => on[place]);
    } else if (wantedStep !== '') {
      const values = param()?.values;
      const low = at('low').value === '' ? -Infinity : +at('low').value;
      const high = at('high').value === '' ? Infinity : +at('high').value;
      places = [];
      step().on.forEach((place, number) => {
        const value = values?.[number];
        if (values && (value === null ? low !== -Infinity || high !== Infinity : value < low || value > high)) return;
        strengths.set(place, value);
        places.push(place);
      });
    } else {
      places = index.key.map((_, place) => place);
    }
    if (wantedClass !== '') places = places.filter(place => index.class[place] === +wantedClass);
    if (wantedSet !== '') places = places.filter(place => index.set[place] === +wantedSet);
    const by = value => places.sort((a, b) => value(a) - value(b) || a - b);
    const order = at('order').value;
    if (order === 'class') by(place => index.class[place]);
    if (order === 'source') by(place => index.source[place] * 1e6 + index.copy[place]);
    // Strength is how far a value is from doing nothing, which most parameters do at 0.
    if (order === 'weak') by(place => Math.abs(strengths.get(place) ?? 0));
    if (order === 'strong') by(place => -Math.abs(strengths.get(place) ?? 0));
    shown = places;
    strength = strengths;
    current = 0;
    at('count').textContent = `${shown.length.toLocaleString('en')} of ${index.key.length.toLocaleString('en')} samples`;
    remember();
    lay();
  };
  let strength = new Map();

  // Only the rows in sight are in the document, so 180,000 samples scroll as 20 do. What browsers can draw ends at some
  // 16 million pixels of height, so far more rows than that are scrolled in proportion.
  const TEXT = 38, GAP = 10, TALLEST = 12e6, cells = new Map();
  let columns = 1, side = 160;
  const lay = () => {
    const width = at('grid').clientWidth;
    columns = Math.max(2, Math.floor((width + GAP) / (150 + GAP)));
    side = Math.floor((width + GAP) / columns) - GAP;
    at('grid').style.height = Math.min(Math.ceil(shown.length / columns) * row(), TALLEST) + 'px';
    for (const cell of cells.values()) cell.remove();
    cells.clear();
    draw();
  };
  const row = () => side + TEXT + GAP;
  const rows = () => Math.ceil(shown.length / columns);
  const first = () => {
    const box = at('grid').getBoundingClientRect(), height = rows() * row();
    const hidden = Math.max(0, -box.top);
    const room = Math.max(1, box.height - innerHeight);
    return { hidden, top: height <= TALLEST ? hidden : Math.min(hidden / room, 1) * (height - innerHeight) };
  };
  const draw = () => {
    const { hidden, top } = first();
    const from = Math.max(0, Math.floor(top / row()) - 1) * columns;
    const to = Math.min(shown.length, (Math.ceil((top + innerHeight) / row()) + 1) * columns);
    for (const [number, cell] of cells) if (number < from || number >= to) { cell.remove(); cells.delete(number); }
    for (let number = from; number < to; number++) {
      let cell = cells.get(number);
      if (!cell) { cell = make(number); cells.set(number, cell); at('grid').append(cell); }
      cell.style.top = hidden - top + Math.floor(number / columns) * row() + 'px';
    }
  };
  const make = number => {
    const place = shown[number], address = source.thumbnail(place);
    const name = index.classes[index.class[place]];
    const path = index.sources[index.source[place]], copy = index.copy[place];
    const value = strength.get(place);
    const small = value === undefined || value === null ? (copy < 0 ? 'original' : `copy ${copy}`) : String(+value.toPrecision(4));
    const blank = () => element('span', { className: 'blank', textContent: 'cannot be shown', style: `height:${side}px` });
    const image = address ? element('img', { src: address, alt: `${name}, ${path}`, loading: 'lazy', decoding: 'async' }) : blank();
    image.style.height = side + 'px';
    image.onerror = () => image.replaceWith(blank());
    const cell = element('button', { className: 'cell', type: 'button', title: path }, image,
      element('span', { className: 'name', textContent: name }),
      element('span', { className: 'name', textContent: `${index.sets[index.set[place]]}, ${small}` }));
    cell.setAttribute('role', 'option');
    cell.tabIndex = number === current ? 0 : -1;
    Object.assign(cell.style, { left: (number % columns) * (side + GAP) + 'px', width: side + 'px', height: side + TEXT + 'px' });
    cell.onclick = () => open(number);
    cell.onfocus = () => { const before = cells.get(current); if (before) before.tabIndex = -1; current = number; cell.tabIndex = 0; };
    return cell;
  };
  const reveal = number => {
    const box = at('grid').getBoundingClientRect(), height = rows() * row(), wanted = Math.floor(number / columns) * row();
    const bar = at('filters').getBoundingClientRect().height;
    const grid = box.top + scrollY, room = Math.max(1, box.height - innerHeight);
    const inGrid = height <= TALLEST ? wanted : wanted / (height - innerHeight) * room;
    const top = grid + inGrid - bar - GAP;
    if (top < scrollY || top + row() + bar > scrollY + innerHeight) scrollTo(0, top < scrollY ? top : top - innerHeight + row() + bar + GAP);
    draw();
    cells.get(number)?.focus({ preventScroll: true });
  };
  at('grid').addEventListener('keydown', event => {
    const page = Math.max(1, Math.floor(innerHeight / row())) * columns;
    const to = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page,
      Home: -Infinity, End: Infinity }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    reveal(Math.min(Math.max(current + to, 0), shown.length - 1));
  });

  let opening = 0;
  const open = async number => {
    const turn = ++opening, place = shown[number];
    current = number;
    at('previous').disabled = number === 0;
    at('next').disabled = number === shown.length - 1;
    at('sample-title').textContent = index.key[place];
    at('opened').replaceChildren(element('p', { textContent: 'Loading…' }));
    if (!at('sample').open) at('sample').showModal();
    let content;
    try {
      content = contents(await source.detail(place));
    } catch (error) {
      content = [element('p', { className: 'none', textContent: String(error.message ?? error) })];
    }
    if (turn === opening) at('opened').replaceChildren(...content);
  };
  const contents = detail => {
    const rows = [
      ['class', detail.class],
      ['label', detail.label.map(one => `${one.class} ${+one.share.toFixed(4)}`).join(', ')],
      ['split', `${detail.set} (${detail.role} ${detail.copy})`],
      ['source', `${detail.paths.join(' = ')} (${detail.source_width}×${detail.source_height}, group ${detail.group})`],
      ...(detail.digest ? [['image', `${detail.width}×${detail.height} ${detail.file}, ${detail.bytes.toLocaleString('en')} bytes`], ['digest', detail.digest]] : []),
      ...(detail.lines.length ? detail.lines : [['steps', 'none was on']]),
      ...(detail.off.length ? [['not on', detail.off.join(', ')]] : []),
    ];
    const list = element('dl', {}, ...rows.flatMap(([name, value]) =>
      [element('dt', { textContent: name }), element('dd', { textContent: value })]));
    const big = element('div', {}, detail.full
      ? element('img', { className: 'full', src: detail.full, alt: 'The sample at full size' })
      : element('p', { className: 'none', textContent: detail.why ?? `Not in this file; see it with: augmint explain ${index.of} ${detail.key} --steps steps.png` }));
    const strip = element('div', { className: 'strip' }, ...(detail.pictures ?? []).map((address, stage) =>
      element('figure', {}, element('img', { src: address, alt: `After ${detail.stages[stage]}` }),
        element('figcaption', { textContent: detail.stages[stage] }))));
    return [big, list, strip];
  };
  const turn = by => { const to = current + by; if (to >= 0 && to < shown.length) open(to); };
  at('previous').onclick = () => turn(-1);
  at('next').onclick = () => turn(1);
  at('close').onclick = () => at('sample').close();
  at('sample').addEventListener('keydown', event => {
    if (event.key === 'ArrowLeft') turn(-1);
    if (event.key === 'ArrowRight') turn(1);
  });
  at('sample').addEventListener('click', event => { if (event.target === at('sample')) at('sample').close(); });
  at('sample').addEventListener('close', () => { opening++; reveal(current); });

  at('filters').addEventListener('input', event => {
    follow(event.target.id);
    filter();
  });
  at('filters').addEventListener('submit', event => event.preventDefault());
  at('filters').addEventListener('reset', () => setTimeout(() => { parameters(); filter(); }));
  addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
  let width = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; lay(); } else draw(); });
  start().catch(error => { at('count').textContent = String(error.message ?? error); });
})();
