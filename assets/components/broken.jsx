// What stands in the place of a page whose drawing failed.
import { useState } from "react";
import { copy as copyText } from "./copy.js";

export function Broken({ error }) {
  const [isCopied, setCopied] = useState(false);
  const details = `${location.pathname}\n${error?.name ?? "Error"}: ${error?.message ?? error}\n${error?.stack ?? ""}`;
  const copy = async () => {
    setCopied(await copyText(details));
  };
  return (
    <main className="broken" role="alert" data-testid="broken-page">
      <div className="empty">
        <h1 className="empty-title">This page broke</h1>
        <p className="empty-text">What you did is saved as far as it was shown as saved, and runs go on. Reloading usually helps; if not, the details help whoever looks after this server.</p>
        <div className="button-row">
          <button type="button" className="button primary" onClick={() => location.reload()}>Reload</button>
          <button type="button" className="button" onClick={copy}>{isCopied ? "Copied" : "Copy details"}</button>
          <a className="button" href="/">Home</a>
        </div>
        <details>
          <summary>Details</summary>
          <pre tabIndex={0}>{details}</pre>
        </details>
      </div>
    </main>
  );
}
