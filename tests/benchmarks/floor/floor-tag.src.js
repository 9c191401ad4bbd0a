// SPDX-License-Identifier: MIT
// The yardstick of the navigation benchmark: measured beside the real banner, shipped to nobody.
// The one-script floor: three equal buttons, a native <dialog> second layer, and gating by
// <template data-c="category">, whose contents the browser neither fetches nor runs until moved
// into the page. Written by hand to be the least that does the whole job.
(() => {
  const D = document, S = localStorage;
  // scripts at once; frames when idle, so that making them does not hold the scripts up
  const run = (v) => D.querySelectorAll('template[data-c]').forEach((e) => {
    const f = () => e.replaceWith(e.content);
    if (v.includes(e.dataset.c)) e.content.querySelector('script') ? f() : requestIdleCallback(f);
  });
  const go = () => {
    if (S.cb != null) return run(S.cb);
    const b = D.createElement('section');
    b.ariaLabel = 'Cookie choices';
    b.id = 'cb';
    const cat = (id, name, desc, x) => `<p><label><input type=checkbox value=${id} ${x || ''}> ${name}</label><br>${desc}`;
    b.innerHTML = `<style>#cb{position:fixed;z-index:9;bottom:0;left:0;right:0;padding:1em;background:#fff;color:#000;box-shadow:0 0 9px #0008}#cb button{padding:.6em 1em;margin:0 .5em .5em 0;background:#036;color:#fff;border:2px solid #036}</style><h2>We value your privacy</h2><p>We and our partners use cookies and similar tools. Necessary ones keep the site working. With your consent we also use functional and analytics ones. You can change your choice at any time.</p><button>Accept all</button><button>Reject all</button><button>Customise</button><dialog aria-label="Privacy preferences"><form method=dialog><h2>Privacy preferences</h2>${cat('necessary', 'Necessary', 'Needed for the site to work. Always on.', 'checked disabled')}${cat('functional', 'Functional', 'Remembers your settings and powers chat.')}${cat('analytics', 'Analytics', 'Helps us see how the site is used.')}<p><button value=1>Save choices</button><button>Close</button></form></dialog>`;
    D.body.prepend(b);
    const [A, R, C] = b.querySelectorAll('button'), d = b.querySelector('dialog');
    const done = (v) => { S.cb = v; b.remove(); run(v); };
    A.onclick = () => done('functional,analytics');
    R.onclick = () => done('');
    C.onclick = () => { d.returnValue = ''; d.showModal(); };
    d.onclose = () => d.returnValue && done([...d.querySelectorAll(':checked:enabled')].map((e) => e.value) + '');
  };
  D.readyState == 'loading' ? addEventListener('DOMContentLoaded', go) : go();
})();
