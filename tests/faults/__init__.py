"""Nobody lost, nobody mailed twice: the product under every fault that its platform, providers and people can bring."""
