'use strict';

// Embeds the charts and keeps them in the colours of the theme.

(() => {
  const MODES = ['auto', 'light', 'dark'];
  const WORDS = { auto: 'as the system', light: 'light', dark: 'dark' };
  const root = document.documentElement;
  const button = document.getElementById('theme');
  const system = window.matchMedia('(prefers-color-scheme: dark)');

  // A page opened from disk may be refused a storage of its own.
  const memory = {
    get() { try { return localStorage.getItem('janbench-theme'); } catch { return null; } },
    set(mode) { try { localStorage.setItem('janbench-theme', mode); } catch { /* not kept */ } },
  };

  function show(mode) {
    root.dataset.theme = mode;
    button.textContent = `Theme: ${mode}`;
    button.setAttribute('aria-label', `Colours: ${WORDS[mode]}`);
    repaint();
  }

  // Bokeh draws on canvas, where the style sheet doesn't reach.
  function repaint() {
    if (!window.Bokeh) return;
    const style = getComputedStyle(root);
    const text = style.getPropertyValue('--quiet').trim();
    const line = style.getPropertyValue('--grid').trim();
    for (const document_ of Bokeh.documents) {
      for (const model of document_.all_models ?? document_._all_models.values()) {
        if (model.type.endsWith('Axis')) {
          model.setv({ axis_label_text_color: text, major_label_text_color: text });
        } else if (model.type === 'Grid' && model.dimension === 1) {
          model.setv({ grid_line_color: line, grid_line_alpha: 1 });
        }
      }
    }
  }

  button.addEventListener('click', () => {
    const mode = MODES[(MODES.indexOf(root.dataset.theme) + 1) % MODES.length];
    memory.set(mode);
    show(mode);
  });
  system.addEventListener('change', repaint);

  async function embed() {
    const items = JSON.parse(document.getElementById('charts').textContent);
    for (const item of items) await Bokeh.embed.embed_item(item);
    repaint();
    root.dataset.charts = String(items.length);
  }

  const kept = memory.get();
  show(MODES.includes(kept) ? kept : 'auto');
  embed();
})();
