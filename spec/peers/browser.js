'use strict'

// A page in a browser: node browser.js EXECUTABLE PROFILE URL
//
// Standard input has a method of Playwright's Page and its arguments on each line, standard
// output what it comes to, both as JSON.

const {chromium} = require('playwright-core'),
      readline = require('readline')

const [executablePath, profile, url] = process.argv.slice(2)

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
              '--disable-component-update', '--disable-sync']

const main = async () => {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath, args, headless: true, viewport: {width: 800, height: 600}
  })
  const page = context.pages()[0]
  page.setDefaultTimeout(10000)

  const complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (!/^(data:|http:\/\/127\.0\.0\.1:)/.test(request.url())) complaints.push(request.url())
  })

  await page.goto(url)
  console.log(JSON.stringify({value: 'ready'}))

  for await (const line of readline.createInterface({input: process.stdin})) {
    const [method, ...values] = JSON.parse(line)
    try {
      const value = method === 'complaints' ? complaints : await page[method](...values)
      const plain = value === null || typeof value !== 'object' || Array.isArray(value)
      console.log(JSON.stringify({value: plain ? value : null}))
    } catch (error) {
      console.log(JSON.stringify({error: String(error)}))
    }
  }
  await context.close()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
