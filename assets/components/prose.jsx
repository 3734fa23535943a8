// Markdown without raw HTML.
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";

// Whoever reads what a model or somebody wrote does not want to leave the page for it.
const Away = ({ node, ...link }) => <a {...link} target="_blank" rel="noopener noreferrer" />;
const PARTS = { a: Away };

// Pictures are left out: fetching one would tell its host what the model wrote.
const Prose = ({ text }) => (
  <div className="prose">
    <Markdown remarkPlugins={[remarkGfm]} disallowedElements={["img"]} components={PARTS}>{text}</Markdown>
  </div>
);

export default Prose;
