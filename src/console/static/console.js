/*
The console's only script: parts of a page marked `data-live` are renewed while somebody looks at it.

The promise: without it every page reads and works the same, after a reload. It never takes a part away from under
somebody who is in it, and it stops asking while the page is hidden or the session is over.
*/

// biome-ignore lint/suspicious/noRedundantUseStrict: pages load it as a script, not as a module
'use strict';

const seconds = 3;

async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'error' });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceWith(next);
  }
}

async function keepRenewing() {
  if (document.visibilityState === 'visible' && document.querySelector('[data-live]')) {
    try {
      await renew();
    } catch (error) {
      console.info('The page could not be renewed:', error.message);
    }
  }
  setTimeout(keepRenewing, seconds * 1000);
}

setTimeout(keepRenewing, seconds * 1000);
