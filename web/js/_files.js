// @ts-check
/* Screenshots: pasted or dropped anywhere on the form, or chosen; listed, and taken out again. */
import { all } from './_dom.js';

const THUMB_BYTES = 4 << 20;

/** "image.png" is what every pasted picture is called.
 * @param {File} f */
function named(f) {
  if (!/^image\.\w+$/.test(f.name)) return f;
  const t = new Date().toTimeString().slice(0, 8).replaceAll(':', '');
  return new File([f], `screenshot-${t}.${f.name.split('.')[1]}`, { type: f.type });
}

/** @param {HTMLInputElement} input */
function shots(input) {
  const form = input.form, list = document.createElement('ul');
  /** @type {File[]} */
  let held = [];
  if (!form) return;
  list.className = 'files preview';
  input.after(list);

  /** @param {File[]} files */
  const set = (files) => {
    const d = new DataTransfer();
    held = files;
    files.forEach((f) => d.items.add(f));
    input.files = d.files;
    list.replaceChildren(...files.map(item));
    form.dispatchEvent(new Event('change'));
  };
  /** @param {File} file */
  const item = (file) => {
    const li = document.createElement('li'), b = document.createElement('button'), name = document.createElement('span');
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type) && file.size < THUMB_BYTES) {
      const img = document.createElement('img'), r = new FileReader();
      img.alt = '';
      r.onload = () => { img.src = String(r.result); };
      r.readAsDataURL(file);
      li.append(img);
    }
    name.textContent = file.name;
    b.type = 'button';
    b.className = 'link';
    b.textContent = input.dataset.remove || 'Remove';
    b.setAttribute('aria-label', `${b.textContent} ${file.name}`);
    b.addEventListener('click', () => { set(held.filter((f) => f !== file)); input.focus(); });
    li.append(name, b);
    return li;
  };
  /** @param {FileList | File[]} files */
  const add = (files) => {
    const more = [...files].map(named).filter((f) => !held.some((h) => h.name === f.name && h.size === f.size && h.lastModified === f.lastModified));
    set([...held, ...more]);
  };

  // Choosing again adds; the browser alone would replace.
  input.addEventListener('change', () => add(input.files || []));
  document.addEventListener('paste', (e) => {
    const c = e.clipboardData, target = /** @type {HTMLElement} */ (e.target);
    if (!c || !c.files.length || (c.types.includes('text/plain') && target.matches('textarea,input'))) return;
    e.preventDefault();
    add(c.files);
  });
  form.addEventListener('dragover', (e) => { if (e.dataTransfer?.types.includes('Files')) { e.preventDefault(); form.classList.add('drop'); } });
  form.addEventListener('dragleave', () => form.classList.remove('drop'));
  form.addEventListener('drop', (e) => {
    form.classList.remove('drop');
    if (!e.dataTransfer?.files.length) return;
    e.preventDefault();
    add(e.dataTransfer.files);
  });
}

export function files() {
  all('input[type=file][data-shots]').forEach((i) => shots(/** @type {HTMLInputElement} */ (i)));
}
